import { h, write } from "./dom.js";
import { icon } from "./icons.js";

const MOST = 3;

const shelf = h("section.toasts", { "aria-label": "Notices" });
const voice = h("p.unseen", { role: "status", "aria-live": "polite" });

export const toasts = [shelf, voice];

/**
 * Shows a line for `seconds`; answers a function that takes it away.
 * tone: info, warning or alarm. action: { label, run }. href: where a click leads. picture: address of a small one.
 */
export function toast({ text, tone = "info", seconds = 6, action, href, picture, countdown = false }) {
  const body = href ? h("a", { href, onclick: () => close() }, text) : h("span", {}, text);
  const item = h("div.toast", { "data-tone": tone }, toastPicture(picture, tone), body);
  if (action) item.append(h("button.quiet", { onclick: () => (close(), action.run()) }, action.label));
  item.append(h("button.bare", { "aria-label": "Close", onclick: () => close() }, icon("close")));
  if (countdown) item.append(running(seconds));
  const close = () => {
    clearTimeout(timer);
    item.remove();
  };
  const timer = setTimeout(close, seconds * 1000);
  shelf.append(item);
  [...shelf.children].filter((other) => !other.querySelector(".countdown")).slice(0, -MOST).forEach((other) => other.remove());
  if (!href) say(text);
  return close;
}

function running(seconds) {
  const bar = h("i.countdown");
  bar.style.animationDuration = `${seconds}s`;
  return bar;
}

function toastPicture(picture, tone) {
  if (picture) return h("img", { src: picture, alt: "", onerror: (event) => event.target.remove() });
  return tone === "info" ? null : icon(tone);
}

/** What failed, in the words of the error. */
export function failed(what, error) {
  toast({ text: `${what}: ${error.message}`, tone: "warning", seconds: 10 });
}

/** Read out by screen readers, politely. */
export function say(text) {
  write(voice, text);
}
