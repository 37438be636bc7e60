// How long video waits so that its boxes are known when it is shown. Pure.

import { enough } from "../playout.js";

const KEPT = 64;
const SAMPLES = 40;
const DEAD_BAND = 15; // ms: a player that is told to wait longer or shorter stutters a little each time

const append = (list, value, most) => {
  list.push(value);
  if (list.length > most) list.shift();
};

/** Frames and detections of one camera, by pts, and when each came (ms). */
export class Delay {
  target = 0;
  #session = "";
  #known = []; // { pts, at } of detections
  #waiting = []; // { pts, received } of frames whose detections are not known yet
  #needs = [];

  constructor(limit) {
    this.limit = limit;
  }

  #begin(session) {
    if (session === this.#session) return;
    this.#session = session;
    this.#known = [];
    this.#waiting = [];
  }

  /** A frame was shown whose last packet had come at `received`. */
  shown(session, pts, received) {
    this.#begin(session);
    const known = this.#known.find((detections) => detections.pts >= pts);
    if (known) this.#need(known.at - received);
    else append(this.#waiting, { pts, received }, KEPT);
  }

  /** Detections up to `pts` were known at `at`. */
  known(session, pts, at) {
    this.#begin(session);
    append(this.#known, { pts, at }, KEPT);
    while (this.#waiting.length && this.#waiting[0].pts <= pts) this.#need(at - this.#waiting.shift().received);
  }

  #need(need) {
    append(this.#needs, Math.max(0, need), SAMPLES);
    const target = enough(this.#needs, this.limit);
    if (Math.abs(target - this.target) > DEAD_BAND) this.target = target;
  }
}
