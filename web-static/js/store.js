import { signal } from "./signal.js";

const KEPT = "edged.settings";
const RECENT_ALERTS = 60;

const DEFAULTS = {
  apiBase: "", apiKey: "", theme: "auto", boxes: true, pills: true, trails: true, sound: false, panel: true,
};

function kept() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

/** What this browser remembers of its user's choices. */
export const settings = signal(kept());

export function choose(changes) {
  settings.value = { ...settings.value, ...changes };
  try {
    localStorage.setItem(KEPT, JSON.stringify(settings.value));
  } catch {
    // Private windows may refuse storage; the choice then lasts as long as the page.
  }
}

/** key → { key, view, health, heard, changed }: `view` is the gateway's View, `heard` when (performance.now) its newest health came. */
export const cameras = signal(new Map());
/** "site.node" → { health, heard } */
export const nodes = signal(new Map());
/** The newest alerts, newest first. */
export const alerts = signal([]);
/** How the gateway is reached. meta: connecting, ws, poll or lost; pictures: connecting, ws, mjpeg or lost. */
export const link = signal({ meta: "connecting", pictures: "connecting", since: 0, cause: "" });
/** False until the list of cameras was read once. */
export const loaded = signal(false);

export const keyOf = (message) => `${message.site}.${message.node}.${message.camera}`;

const detectionListeners = new Map();

/** Hears the Detections of one camera; the answer ends it. */
export function onDetections(key, listener) {
  detectionListeners.set(key, listener);
  return () => detectionListeners.get(key) === listener && detectionListeners.delete(key);
}

const newAlertListeners = new Set();
export const onNewAlert = (listener) => newAlertListeners.add(listener);

const strangerListeners = new Set();
/** Hears when a camera speaks that is not on the list. */
export const onStranger = (listener) => strangerListeners.add(listener);

/** Takes one message of the wire. */
export function take(message) {
  switch (message.type) {
    case "detections":
      return detectionListeners.get(keyOf(message))?.(message);
    case "camera_health":
      return takeHealth(message);
    case "node_health":
      nodes.value.set(`${message.site}.${message.node}`, { health: message, heard: performance.now() });
      return nodes.touch();
    case "state":
      return cameras.value.has(keyOf(message)) || strange();
    case "alert":
      return takeAlert(message);
  }
}

function strange() {
  for (const listener of strangerListeners) listener();
}

function takeHealth(health) {
  const camera = cameras.value.get(keyOf(health));
  if (!camera) return strange();
  camera.health = health;
  camera.heard = performance.now();
  camera.changed.touch();
}

function takeAlert(alert) {
  if (alerts.value.some((known) => known.id === alert.id)) return;
  alerts.value = [alert, ...alerts.value].slice(0, RECENT_ALERTS);
  for (const listener of newAlertListeners) listener(alert);
}

/** Changes what is known of the link; tells nobody when nothing changed. */
export function setLink(changes) {
  const next = { ...link.value, ...changes };
  if (Object.keys(changes).some((key) => next[key] !== link.value[key])) link.value = next;
}
