import { alertLink, cameraName } from "./alertcard.js";
import { snapshotUrl } from "./api.js";
import { onNewAlert, settings } from "./store.js";
import { say, toast } from "./toast.js";

const GATHER = 1500; // ms: a storm is told once, not alert by alert
const WORTH_SOUND = ["warning", "alarm"];

let audio = null;

function tone(severity) {
  audio ??= new AudioContext();
  const [oscillator, volume, now] = [audio.createOscillator(), audio.createGain(), audio.currentTime];
  oscillator.frequency.value = severity === "alarm" ? 880 : 587;
  volume.gain.setValueAtTime(0.08, now);
  volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.35);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(now);
  oscillator.stop(now + 0.35);
}

/** Tells of new alerts: to screen readers always, by toast unless `onShow()` says that they are on the screen anyway. */
export function herald(onShow) {
  let fresh = [];
  onNewAlert((alert) => {
    fresh.push(alert);
    if (fresh.length === 1) setTimeout(() => tell(fresh.splice(0), onShow()), GATHER);
  });
}

function tell(alerts, onShow) {
  const [first] = alerts;
  const worst = ["alarm", "warning", "info"].find((severity) => alerts.some((alert) => alert.severity === severity));
  const text = alerts.length === 1 ? first.message : `${alerts.length} new alerts, the last at ${cameraName(alerts.at(-1))}`;
  say(text);
  if (settings.value.sound && WORTH_SOUND.includes(worst)) tone(worst);
  if (onShow) return;
  const one = alerts.length === 1;
  toast({ text, tone: worst, seconds: 8, href: one ? alertLink(first) : "#/alerts", picture: snapshotUrl(alerts.at(-1)) });
}
