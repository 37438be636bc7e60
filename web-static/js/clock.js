import { signal } from "./signal.js";

/** Ticks once a second while the page is looked at. */
export const second = signal(0);

setInterval(() => document.hidden || second.touch(), 1000);
document.addEventListener("visibilitychange", () => document.hidden || second.touch());

/** Whether the page is looked at. */
export const visible = signal(!document.hidden);
document.addEventListener("visibilitychange", () => (visible.value = !document.hidden));
