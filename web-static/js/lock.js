import { locked } from "./api.js";
import { field, open } from "./dialog.js";
import { h } from "./dom.js";
import { choose, settings } from "./store.js";

let asking = null;

/** Asks for the API key whenever the gateway wants one. */
export function watchLock() {
  locked.watch((closed) => {
    if (closed) askKey();
    if (!closed) asking?.close();
  });
}

/** Asks once; also for who closed the question and thinks again. */
export function askKey() {
  if (asking) return;
  const key = field("API key", h("input", { type: "password", autocomplete: "current-password", autofocus: true }), "auth.api_key in the box's edged.toml");
  const form = h("form", {}, h("p", {}, "This edged lets in only who knows its API key."), key.node, h("footer", {}, h("button.main", { type: "submit" }, "Open")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = key.input.value.trim();
    if (!typed) return key.fail("Type the key, or ask whoever set up the box.");
    locked.value = false;
    choose({ apiKey: typed });
  });
  if (settings.value.apiKey) key.fail("The key kept here was refused. Type the right one.");
  asking = open("API key", form);
  asking.node.addEventListener("close", () => (asking = null));
}
