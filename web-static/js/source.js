const PATIENCE = 1500; // ms after which pictures are shown until the video comes
const COMING = 10000; // ms in which video must have come
const SILENCE = 4000; // ms without a frame from a camera that runs
const SOONEST = 4000;
const LATEST = 60000;

/** How one camera's live picture comes: video over WebRTC; where that cannot be had, pictures, until it can. */
export class Source {
  why = ""; // there is no video
  #key;
  #pictures;
  #screen;
  #video;
  #hear;
  #wish = null;
  #rtc = null;
  #frameAt = 0; // when the last frame came, 0 before the first
  #pictured = false;
  #timers = [];
  #pause = SOONEST;
  #running = false;

  /** hear(picture | error) as Pictures has it; the screen follows the frames of `video`. */
  constructor(key, pictures, screen, video, hear) {
    this.#key = key;
    this.#pictures = pictures;
    this.#screen = screen;
    this.#video = video;
    this.#hear = hear;
  }

  /** Shows the camera, or changes how: { width, fps } of its pictures. */
  show(wish) {
    const begins = !this.#wish;
    this.#wish = wish;
    if (begins) this.#begin();
    else if (this.#pictured) this.#picture();
  }

  hide() {
    if (!this.#wish) return;
    this.#wish = null;
    this.#end();
    this.#unpicture();
  }

  know(detections) {
    this.#rtc?.know(detections);
  }

  /** Once a second. A camera that runs again is worth another try at once. */
  check(running) {
    const again = running && !this.#running;
    this.#running = running;
    if (!this.#wish) return;
    if (again && !this.#rtc) this.#begin();
    else if (running && this.#frameAt && performance.now() - this.#frameAt > SILENCE) this.#lost(`no video for ${SILENCE / 1000} s`);
  }

  #begin() {
    this.#end();
    if (!globalThis.RTCPeerConnection) return this.#lost("this browser has no WebRTC", Infinity);
    this.#later(() => this.#frameAt || this.#picture(), PATIENCE);
    this.#later(() => this.#frameAt || this.#lost("no video came"), COMING);
    this.#connect();
  }

  async #connect() {
    const attempt = (this.#rtc = { know() {}, close() {} });
    const { Rtc } = await import("./video/rtc.js").catch(() => ({}));
    if (this.#rtc !== attempt) return;
    if (!Rtc) return this.#lost("the viewer's files are not all there");
    this.#rtc = new Rtc(this.#key, this.#video, { frame: (frame) => this.#frame(frame), lost: (reason) => this.#lost(reason) });
    this.#rtc.open();
  }

  #frame(frame) {
    if (!this.#frameAt) {
      this.why = "";
      this.#pause = SOONEST;
      this.#unpicture();
    }
    this.#frameAt = performance.now();
    this.#screen.follow(frame);
  }

  #lost(reason, pause = this.#pause) {
    this.#end();
    this.why = reason;
    this.#picture();
    this.#pause = Math.min(LATEST, this.#pause * 2);
    if (pause !== Infinity) this.#later(() => this.#begin(), pause * (0.8 + Math.random() * 0.4));
  }

  #end() {
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    this.#rtc?.close();
    this.#rtc = null;
    this.#frameAt = 0;
  }

  #later(act, pause) {
    this.#timers.push(setTimeout(act, pause));
  }

  #picture() {
    if (!this.#wish) return;
    this.#pictured = true;
    this.#pictures.show(this.#key, this.#wish, this.#hear);
  }

  #unpicture() {
    if (this.#pictured) this.#pictures.hide(this.#key);
    this.#pictured = false;
  }
}
