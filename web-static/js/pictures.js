import { Asked } from "./asked.js";
import { Line } from "./line.js";
import { setLink } from "./store.js";

const GATHER = 60; // ms: a layout change moves many tiles at once

/** Live pictures of everything on show. */
export class Pictures {
  #wanted = new Map(); // key → { width, fps, quality }
  #listeners = new Map(); // key → listener
  #line = new Line("api/realtime/pictures", {
    open: () => this.#open(),
    message: (data) => this.#take(data),
    down: () => this.#down(),
  });
  #asked = new Asked((key, jpeg, head, transport) => this.#decode(key, jpeg, head, transport));
  #timer = 0;
  #falling = false;

  start() {
    this.#line.start();
  }

  stop() {
    this.#line.stop();
    this.#asked.stop();
    this.#falling = false;
  }

  /** Shows a camera, or changes how. listener(picture | error): { bitmap, session, pts, transport } or { error }. */
  show(key, wish, listener) {
    this.#listeners.set(key, listener);
    const now = this.#wanted.get(key);
    if (now && now.width === wish.width && now.fps === wish.fps) return;
    this.#wanted.set(key, { quality: 75, ...wish });
    this.#gather();
  }

  hide(key) {
    this.#listeners.delete(key);
    if (this.#wanted.delete(key)) this.#gather();
  }

  #gather() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#line.up) this.#line.send({ watch: Object.fromEntries(this.#wanted) });
      else if (this.#falling) this.#asked.watch(this.#wanted);
    }, GATHER);
  }

  #open() {
    this.#falling = false;
    this.#asked.stop();
    setLink({ pictures: "ws" });
    this.#line.send({ watch: Object.fromEntries(this.#wanted) });
  }

  #down() {
    if (this.#falling) return;
    this.#falling = true;
    setLink({ pictures: "mjpeg" });
    this.#asked.watch(this.#wanted);
  }

  async #take(data) {
    if (typeof data === "string") return;
    const length = new DataView(data).getUint32(0);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    if (head.error) return this.#listeners.get(head.camera)?.({ error: head.error });
    await this.#decode(head.camera, new Uint8Array(data, 4 + length), head, "WS pictures");
    // Said when it is decoded, not when it is due: the short wait for its boxes is no reason to slow the line down.
    this.#line.send({ shown: head.camera });
  }

  async #decode(key, jpeg, { session, pts }, transport) {
    const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" })).catch(() => null);
    if (!bitmap) return; // a torn picture; the next one is on its way
    const listener = this.#listeners.get(key);
    if (listener) listener({ bitmap, session, pts, transport });
    else bitmap.close();
  }
}
