import { open } from "./dialog.js";
import { h } from "./dom.js";

const typing = (target) => target.closest("input:not([type=range]), select, textarea, [contenteditable]");

/** Listens for single keys while nobody is typing. `keys`: [{ key, shown, does, run(event) }]; `key` is a string or a RegExp. */
export function listen(keys) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    const found = keys.find(({ key }) => (key instanceof RegExp ? key.test(event.key) : key === event.key));
    if (!found || found.run(event) === false) return;
    event.preventDefault();
  });
}

/** Shows what every key does. */
export function explain(keys) {
  const rows = keys.filter(({ does }) => does).map(({ shown, does }) => h("div", {}, h("dt", {}, h("kbd", {}, shown)), h("dd", {}, does)));
  open("Keys", h("dl.keys", {}, ...rows));
}
