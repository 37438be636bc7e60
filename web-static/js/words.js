// What states and times are called.

const CAUSES = {
  auth: "wrong user or password", dns: "no such host", refused: "connection refused", timeout: "no answer",
  unreachable: "host not reachable", not_found: "no such stream", codec: "codec not known", format: "not a video stream",
  ended: "the stream ended", stalled: "no more frames", frozen: "the picture is frozen", device: "device trouble",
  forbidden: "not allowed here", internal: "a fault in edged",
};
const SILENT = 6000; // ms without health, which comes once a second

/** { tone, word, detail } of a camera at `now`: tone is live, wait, warn or off. */
export function stateOf({ view, health, heard }, now = performance.now()) {
  if (!health) return view.enabled ? { tone: "wait", word: "waiting for its box", detail: "" } : { tone: "off", word: "stopped", detail: "" };
  if (now - heard > SILENT) return { tone: "warn", word: `no word from its box for ${span((now - heard) / 1000)}`, detail: "" };
  const cause = CAUSES[health.cause] ?? "";
  switch (health.status) {
    case "running":
      return { tone: "live", word: "running", detail: "" };
    case "connecting":
      return { tone: "wait", word: "connecting…", detail: "" };
    case "stopped":
      return { tone: "off", word: "stopped", detail: "" };
    case "stalled":
      return { tone: "warn", word: cause ? `stalled: ${cause}` : "stalled", detail: health.detail };
    default:
      return { tone: "warn", word: `${retry(health, now - heard)}${cause && `: ${cause}`}`, detail: health.detail };
  }
}

function retry({ retry_in }, passed) {
  const left = Math.ceil((retry_in ?? 0) - passed / 1000);
  return left > 0 ? `retrying in ${left} s` : "retrying now";
}

/** 8 s, 3 min, 2 h, 4 d */
export function span(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

export function ago(time) {
  const seconds = (Date.now() - new Date(time)) / 1000;
  return seconds < 5 ? "now" : `${span(seconds)} ago`;
}

const ABSOLUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
export const absolute = (time) => ABSOLUTE.format(new Date(time));

export const decimal = (number, digits = 1) => number.toFixed(digits);
export const megabits = (bits) => `${decimal(bits / 1e6)} Mbit/s`;
export const codecName = (codec) => ({ h264: "H.264", hevc: "H.265", mjpeg: "MJPEG", av1: "AV1" })[codec] ?? codec;
