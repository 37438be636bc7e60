// How long video waits so that its boxes are known when it is shown. Pure.

import { enough, quantile } from "../playout.js";

const KEPT = 64;
const SAMPLES = 400;
const SHARE = 0.995; // of frames that are to have their own boxes
const SPARE = 10; // ms on top
const DEAD_BAND = 15; // ms: a player that is told to wait longer or shorter stutters a little each time
const SETTLING = 4000; // ms a player takes to wait as long as it was told: Chromium changes its delay by 100 ms a second
const MOST_SHORT = 80;

const append = (list, value, most) => {
  list.push(value);
  if (list.length > most) list.shift();
};

/** Frames and detections of one camera, by pts, and when each came (ms). `target` is what to tell the player. */
export class Delay {
  target = 0;
  #session = "";
  #known = []; // { pts, at } of detections
  #waiting = []; // { pts, received } of frames whose detections are not known yet
  #needs = [];
  #held = []; // how long frames really waited since the player settled
  #short = 0; // by how much that is less than it was told
  #told = 0; // when it was told

  /** `limit`: the longest that video may be held back. */
  constructor(limit) {
    this.limit = limit;
  }

  #begin(session) {
    if (session === this.#session) return;
    this.#session = session;
    this.#known = [];
    this.#waiting = [];
  }

  /** A frame whose last packet had come at `received` was shown at `now`. */
  shown(session, pts, received, now) {
    this.#begin(session);
    if (now - this.#told > SETTLING) append(this.#held, now - received, SAMPLES);
    const known = this.#known.find((detections) => detections.pts >= pts);
    if (known) append(this.#needs, Math.max(0, known.at - received), SAMPLES);
    else append(this.#waiting, { pts, received }, KEPT);
    this.#adapt(now);
  }

  /** Detections up to `pts` were known at `now`. */
  known(session, pts, now) {
    this.#begin(session);
    append(this.#known, { pts, at: now }, KEPT);
    while (this.#waiting.length && this.#waiting[0].pts <= pts) append(this.#needs, now - this.#waiting.shift().received, SAMPLES);
    this.#adapt(now);
  }

  #adapt(now) {
    const need = enough(this.#needs, this.limit, SHARE);
    if (need && this.#held.length > KEPT) this.#short = Math.max(0, Math.min(MOST_SHORT, this.target - quantile(this.#held, 0.1)));
    const target = need && need + SPARE + this.#short;
    if (Math.abs(target - this.target) <= DEAD_BAND) return;
    this.target = target;
    this.#told = now;
    this.#held = [];
  }
}
