const PATIENCE = 1500; // ms after which pictures are shown until the video comes
const COMING = 10000; // ms in which video must have come
const SILENCE = 4000; // ms without a frame from a camera that runs
const SOONEST = 4000;
const LATEST = 30000;

// Each is { shown, load }: its name on the badge, and its class, fetched when it is wanted.
const WAYS = {
  direct: { shown: "direct", load: async () => (await import("./video/direct.js")).Direct },
  janus: { shown: "Janus", load: async () => (await import("./video/janus.js")).Janus },
  webrtc: { shown: "WebRTC", load: async () => (await import("./video/rtc.js")).Rtc },
};
const IDLE = { know() {}, close() {} };

/** One way tried, with a <video> of its own so that what is on show stays until it is there. */
class Attempt {
  frameAt = 0; // when its last frame came, 0 before the first
  #player = IDLE;
  #ended = false;

  constructor(way, view, video, on) {
    this.way = way;
    this.video = video;
    this.timer = setTimeout(() => on.lost(this, "no video came"), COMING);
    this.#open(view, on);
  }

  async #open(view, on) {
    if (this.way !== "direct" && !globalThis.RTCPeerConnection) return queueMicrotask(() => on.lost(this, "this browser has no WebRTC"));
    const Player = await WAYS[this.way].load().catch(() => null);
    if (this.#ended) return;
    if (!Player) return on.lost(this, "the viewer's files are not all there");
    this.#player = new Player(view, this.video, { frame: (frame) => on.frame(this, frame), lost: (reason) => on.lost(this, reason) });
    this.#player.open();
  }

  know(detections) {
    this.#player.know(detections);
  }

  close() {
    this.#ended = true;
    clearTimeout(this.timer);
    this.#player.close();
    this.#player = IDLE;
  }
}

/** How one camera's live picture comes: by the best way that works; pictures where there is no video. It climbs again when a better way is back. */
export class Source {
  #camera;
  #pictures;
  #screen;
  #video;
  #hear;
  #wish = null;
  #on = null; // the attempt on show
  #next = null; // the attempt under way
  #troubles = new Map(); // way → { why, until, pause }
  #pictured = false;
  #timer = 0;
  #patience = 0;
  #running = false;

  /** video() makes a <video> in the screen's place; hear(picture | error) as Pictures has it. */
  constructor(camera, pictures, screen, video, hear) {
    this.#camera = camera;
    this.#pictures = pictures;
    this.#screen = screen;
    this.#video = video;
    this.#hear = hear;
  }

  /** Why each way better than the one on show is not: a line each. */
  get why() {
    return this.#above.filter((way) => this.#troubles.has(way)).map((way) => `No ${WAYS[way].shown}: ${this.#troubles.get(way).why}`).join("\n");
  }

  /** The ways better than the one on show, best first. */
  get #above() {
    const ways = this.#camera.view.ways ?? [];
    return this.#on ? ways.slice(0, Math.max(0, ways.indexOf(this.#on.way))) : ways;
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
    this.#leave(this.#on);
    this.#leave(this.#next);
    this.#on = this.#next = null;
    clearTimeout(this.#timer);
    this.#unpicture();
  }

  know(detections) {
    this.#on?.know(detections);
    this.#next?.know(detections);
  }

  /** Once a second. A camera that runs again is worth another try at once. */
  check(running) {
    const again = running && !this.#running;
    this.#running = running;
    if (!this.#wish) return;
    if (again && !this.#on && !this.#next) this.#begin();
    else if (running && this.#on && performance.now() - this.#on.frameAt > SILENCE) this.#lost(this.#on, `no video for ${SILENCE / 1000} s`);
  }

  #begin() {
    this.#troubles.clear();
    this.#climb();
  }

  /** Tries the best way that is not in trouble; looks again when the first of the troubled may be tried. */
  #climb() {
    clearTimeout(this.#timer);
    if (!this.#wish || this.#next) return;
    const now = performance.now();
    const due = (way) => this.#troubles.get(way)?.until ?? 0;
    const way = this.#above.find((one) => due(one) <= now);
    if (way) this.#try(way);
    else if (this.#above.length) this.#timer = setTimeout(() => this.#climb(), Math.min(...this.#above.map(due)) - now);
    if (!way && !this.#on) this.#picture();
  }

  #try(way) {
    const on = { frame: (attempt, frame) => this.#frame(attempt, frame), lost: (attempt, reason) => this.#lost(attempt, reason) };
    if (!this.#on) this.#patience ||= setTimeout(() => this.#picture(), PATIENCE);
    this.#next = new Attempt(way, this.#camera.view, this.#video(), on);
  }

  #frame(attempt, frame) {
    if (attempt === this.#next) this.#take(attempt);
    attempt.frameAt = performance.now();
    this.#screen.follow(frame, WAYS[attempt.way].shown);
  }

  /** Its first frame is there. */
  #take(attempt) {
    clearTimeout(attempt.timer);
    this.#next = null;
    this.#leave(this.#on);
    this.#on = attempt;
    this.#troubles.delete(attempt.way);
    this.#unpicture();
    this.#climb();
  }

  #lost(attempt, why) {
    if (attempt !== this.#on && attempt !== this.#next) return;
    const pause = this.#troubles.get(attempt.way)?.pause ?? SOONEST;
    this.#troubles.set(attempt.way, { why, until: performance.now() + pause * (0.8 + Math.random() * 0.4), pause: Math.min(LATEST, pause * 2) });
    this.#leave(attempt);
    if (attempt === this.#next) this.#next = null;
    else this.#on = null;
    if (!this.#on && this.#next) this.#picture();
    this.#climb();
  }

  #leave(attempt) {
    attempt?.close();
    attempt?.video.remove();
  }

  #picture() {
    if (!this.#wish) return;
    this.#pictured = true;
    this.#pictures.show(this.#camera.key, this.#wish, this.#hear);
  }

  #unpicture() {
    clearTimeout(this.#patience);
    this.#patience = 0;
    if (this.#pictured) this.#pictures.hide(this.#camera.key);
    this.#pictured = false;
  }
}
