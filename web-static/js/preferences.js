import { field } from "./dialog.js";
import { h } from "./dom.js";
import { choose, link, settings } from "./store.js";
import { toast } from "./toast.js";

const WAYS = { connecting: "connecting", ws: "WebSocket", poll: "asked twice a second", mjpeg: "MJPEG and single pictures", lost: "none" };

function toggle(name, label, hint) {
  const box = h("input", { type: "checkbox", role: "switch", onchange: () => choose({ [name]: box.checked }) });
  settings.watch((now) => (box.checked = now[name]));
  return h("label.toggle", {}, box, h("span", {}, label, hint && h("small", {}, hint)));
}

function theme() {
  const options = [["auto", "System"], ["dark", "Dark"], ["light", "Light"]];
  const inputs = options.map(([value, text]) => [h("input", { type: "radio", name: "theme", value, onchange: () => choose({ theme: value }) }), text]);
  settings.watch((now) => inputs.forEach(([input]) => (input.checked = input.value === now.theme)));
  return h("fieldset.choice", {}, h("legend", {}, "Theme"), ...inputs.map(([input, text]) => h("label", {}, input, h("span", {}, text))));
}

function connection() {
  const { apiBase, apiKey } = settings.value;
  const base = field("Gateway", h("input", { type: "url", value: apiBase, placeholder: "https://box.lan:8420", autocomplete: "off", spellcheck: "false" }), "Empty: where this page came from");
  const key = field("API key", h("input", { type: "password", value: apiKey, autocomplete: "off" }), "Kept in this browser only");
  const form = h("form", { novalidate: true }, base.node, key.node, h("footer", {}, h("button.main", { type: "submit" }, "Connect")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = base.input.value.trim();
    if (address && !/^https?:\/\/[^/]/.test(address)) return base.fail("Write it with http:// or https://, such as https://box.lan:8420");
    choose({ apiBase: address, apiKey: key.input.value.trim() });
    toast({ text: "Connecting…", seconds: 2 });
  });
  settings.watch((now) => document.activeElement !== key.input && (key.input.value = now.apiKey));
  return form;
}

/** What this browser remembers. */
export class Preferences {
  #ways = h("p.hint");
  node = h("section.place.settings", { "aria-label": "Settings" }, h("header", {}, h("h1", {}, "Settings")),
    h("div.groups", {},
      h("section", {}, h("h2", {}, "Look"), theme()),
      h("section", {}, h("h2", {}, "Overlay"), toggle("boxes", "Boxes"), toggle("pills", "Labels", "Name and number of each track"), toggle("trails", "Trails", "Where a track was in the last second")),
      h("section", {}, h("h2", {}, "Alerts"), toggle("panel", "Newest alerts beside the live pictures"), toggle("sound", "Sound", "A short tone for warnings and alarms")),
      h("section", {}, h("h2", {}, "Connection"), this.#ways, connection())));

  constructor() {
    link.watch(({ meta, pictures }) => (this.#ways.textContent = `Messages: ${WAYS[meta]}. Pictures: ${WAYS[pictures]}.`));
  }

  show() {}

  leave() {}
}
