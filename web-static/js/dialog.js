import { h } from "./dom.js";
import { icon } from "./icons.js";

let count = 0;

/** Opens a dialog with this heading; answers { node, close }. Escape, the cross and a click beside it close it. */
export function open(heading, ...body) {
  const id = `dialog-${++count}`;
  const cross = h("button.bare", { type: "button", "aria-label": "Close", onclick: () => node.close() }, icon("close"));
  const node = h("dialog", { "aria-labelledby": id, onclose: () => node.remove() },
    h("header", {}, h("h2", { id }, heading), cross), h("div.body", {}, ...body));
  node.addEventListener("pointerdown", (event) => event.target === node && node.close());
  document.body.append(node);
  node.showModal();
  node.querySelector("[autofocus]")?.focus();
  return { node, close: () => node.close() };
}

/** A labelled field with room for a hint and an error; `fail(text)` shows or, with "", clears it. */
export function field(label, input, hint = "") {
  const id = `field-${++count}`;
  input.id = id;
  const note = h("small", { id: `${id}-note` }, hint);
  input.setAttribute("aria-describedby", note.id);
  const node = h("div.field", {}, h("label", { for: id }, label), input, note);
  const fail = (text) => {
    note.textContent = text || hint;
    node.classList.toggle("bad", Boolean(text));
    input.setAttribute("aria-invalid", String(Boolean(text)));
  };
  input.addEventListener("input", () => fail(""));
  return { node, input, fail };
}
