import { onNextFrame } from "./frames.js";
import { Overlay } from "./overlay.js";
import { Playout } from "./playout.js";
import { settings } from "./store.js";
import { Timeline } from "./timeline.js";

const JUDGED = 20; // pictures over which the overlay's exactness is judged

/** Picture and boxes of one camera: a canvas or a video, and a canvas that lies over it. */
export class Screen {
  #picture;
  #context;
  #overlay;
  #timeline = new Timeline();
  #playout = new Playout(350, (picture) => picture.bitmap.close());
  #shown = null; // { session, pts, at }
  #room = { width: 0, height: 0 };
  #dirty = false;
  #exact = [];
  #times = [];
  #known = 0;
  #aspect = 16 / 9;
  #moving = false; // the video is on show, not the canvas
  #unwatch;
  #step = () => this.#show();
  onShape = () => {};
  transport = "";

  constructor(picture, overlay) {
    this.#picture = picture;
    this.#context = picture.getContext("2d", { alpha: false });
    this.#overlay = new Overlay(overlay);
    this.#unwatch = settings.watch(() => this.redraw());
  }

  close() {
    this.#unwatch();
    this.still();
  }

  /** When the picture on show came (performance.now), 0 before the first. */
  get shownAt() {
    return this.#shown?.at ?? 0;
  }

  /** Pictures a second over the last ones shown. */
  get fps() {
    const [first] = this.#times;
    const span = this.#times.at(-1) - first;
    return span > 0 ? ((this.#times.length - 1) * 1000) / span : 0;
  }

  /** "exact" while boxes belong to the very picture on show, "nearest" when they are of one before, "" without boxes. */
  get exactness() {
    if (!this.#exact.length || performance.now() - this.#known > 5000) return "";
    const share = this.#exact.filter(Boolean).length / this.#exact.length;
    return share >= 0.9 ? "exact" : "nearest";
  }

  take(picture) {
    const now = performance.now();
    this.#by(picture.transport);
    this.#playout.push(picture, now);
    onNextFrame(this.#step);
  }

  /** The video shows this frame now: { session, pts, width, height }. Its boxes are drawn before the browser paints. */
  follow({ session, pts, width, height }, transport) {
    const now = performance.now();
    if (!this.#moving) this.#move(true);
    this.#by(transport);
    this.#shape(width, height);
    this.#see({ session, pts, at: now });
    this.#draw(now, true);
    if (this.#dirty) onNextFrame(this.#step);
  }

  #by(transport) {
    if (this.transport === transport) return;
    this.transport = transport;
    this.#exact = [];
  }

  #move(moving) {
    this.#moving = moving;
    this.#picture.parentNode.classList.toggle("moving", moving);
    if (moving) this.#playout.reset("");
  }

  know(detections) {
    const now = performance.now();
    this.#known = now;
    // its frame may be on show already
    if (this.#moving) this.redraw();
    this.#timeline.know(detections);
    this.#playout.known(detections.session, detections.pts, now);
  }

  /** Takes the room there is, in CSS pixels. Both canvases fit the picture's shape into it, so they stay aligned. */
  resize(width, height) {
    this.#room = { width, height };
    this.#fit();
  }

  #fit() {
    const width = Math.min(this.#room.width, this.#room.height * this.#aspect);
    this.#overlay.resize(width, width / this.#aspect, devicePixelRatio);
    this.redraw();
  }

  redraw() {
    this.#dirty = true;
    onNextFrame(this.#step);
  }

  /** Takes the boxes away; the picture stays. */
  still() {
    this.#playout.reset("");
    this.#exact = [];
    this.#times = [];
    this.#overlay.clear();
  }

  #show() {
    const now = performance.now();
    const picture = this.#playout.due(now);
    if (picture) this.#paint(picture, now);
    if (picture || this.#dirty) this.#draw(now, Boolean(picture));
    if (this.#playout.queue.length || this.#dirty) onNextFrame(this.#step);
  }

  #paint({ bitmap, session, pts }, now) {
    if (this.#picture.width !== bitmap.width || this.#picture.height !== bitmap.height) {
      this.#picture.width = bitmap.width;
      this.#picture.height = bitmap.height;
    }
    this.#shape(bitmap.width, bitmap.height);
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
    if (this.#moving) this.#move(false);
    this.#see({ session, pts, at: now });
  }

  #shape(width, height) {
    const aspect = width / height;
    if (aspect === this.#aspect) return;
    this.#aspect = aspect;
    this.#fit();
    this.onShape(aspect);
  }

  #see(shown) {
    this.#shown = shown;
    this.#times.push(shown.at);
    if (this.#times.length > JUDGED) this.#times.shift();
  }

  /** Draws again only while a track fades; a picture that stays needs nothing. */
  #draw(now, fresh) {
    this.#dirty = false;
    if (!this.#shown) return;
    const { session, pts, at } = this.#shown;
    const { how, tracks, fading } = this.#timeline.at(session, pts, now - at);
    if (fresh && how !== "none") {
      this.#exact.push(how !== "after");
      if (this.#exact.length > JUDGED) this.#exact.shift();
    }
    this.#overlay.draw(session, tracks, (id) => this.#timeline.trail(id, pts), settings.value);
    this.#dirty = fading && now - at < 400;
  }
}
