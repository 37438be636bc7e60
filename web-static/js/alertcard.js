import { clipUrl, snapshotUrl } from "./api.js";
import { second } from "./clock.js";
import { h, write } from "./dom.js";
import { icon } from "./icons.js";
import { to } from "./routes.js";
import { cameras, keyOf } from "./store.js";
import { absolute, ago } from "./words.js";

export const cameraName = (alert) => cameras.value.get(keyOf(alert))?.view.name || (alert.camera === "_" ? alert.site : alert.camera);

/** The address of an alert; it says enough to find the alert again. */
export const alertLink = (alert) => to("alerts", alert.id, { camera: keyOf(alert), at: alert.time });

/** A picture, or the severity's sign where there is none. */
export function snapshot(alert, alt = "") {
  const url = snapshotUrl(alert);
  const none = () => h("span.nopicture", {}, icon(alert.severity));
  if (!url) return none();
  return h("img", { src: url, alt, loading: "lazy", decoding: "async", onerror: (event) => event.target.replaceWith(none()) });
}

/** Its clip; without one, or when it is no longer kept, its picture. */
export function clip(alert) {
  const src = clipUrl(alert);
  if (!src) return snapshot(alert, alert.message);
  const film = h("video", { src, poster: snapshotUrl(alert), controls: true, playsInline: true, preload: "metadata", "aria-label": alert.message });
  film.addEventListener("error", () => film.replaceWith(snapshot(alert, alert.message)));
  return film;
}

export const severity = (alert) => h("span.severity", { "data-tone": alert.severity }, icon(alert.severity), alert.severity);

/** "3 min ago", kept true; absolute on hover. */
export function when(time) {
  const node = h("time", { datetime: time, title: absolute(time) });
  const end = second.watch(() => {
    write(node, ago(time));
    if (node.parentNode && !node.isConnected) end();
  });
  return node;
}

/** Picture, sentence and time ago; a click opens the alert. */
export function alertCard(alert) {
  return h("a.alert", { href: alertLink(alert), "data-tone": alert.severity },
    snapshot(alert),
    h("span.text", {}, h("span.message", {}, alert.message), h("span.meta", {}, severity(alert), h("span", {}, cameraName(alert)), when(alert.time))));
}
