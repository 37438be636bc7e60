// When a picture is shown: a short, steady delay, long enough that the detections around it are known. Pure.

const TICKS = 90;
const SAMPLES = 40;
const PATIENCE = 2000; // ms after which detections for a picture are not coming
const SETTLING = 12; // pictures during which the delay may jump

/** The value below which `share` of `values` lie. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const last = (list, value) => {
  list.push(value);
  if (list.length > SAMPLES) list.shift();
};

export class Playout {
  /** `limit`: the longest delay, in ms. `drop(picture)` is told of every picture that is never shown. */
  constructor(limit = 350, drop = () => {}) {
    this.limit = limit;
    this.drop = drop;
    this.delay = 0;
    this.session = "";
    this.queue = [];
    this.reset("");
  }

  reset(session) {
    this.queue.forEach(this.drop);
    this.session = session;
    this.queue = [];
    this.arrivals = []; // arrival minus stream time; the smallest is a picture that was not held up
    this.needs = []; // how long after its undisturbed arrival a picture's detections were known
    this.waiting = []; // pictures whose detections are not known yet
    this.newest = -1; // pts up to which detections are known
    this.seen = 0;
  }

  get offset() {
    return Math.min(...this.arrivals);
  }

  /** Takes a picture { session, pts, … } that arrived at `now` (ms). */
  push(picture, now) {
    if (picture.session !== this.session) this.reset(picture.session);
    if (picture.pts <= (this.queue.at(-1)?.pts ?? -1)) return this.drop(picture);
    const time = picture.pts / TICKS;
    last(this.arrivals, now - time);
    this.queue.push(picture);
    if (picture.pts <= this.newest) last(this.needs, now - time - this.offset);
    else this.waiting.push(picture.pts);
    this.#giveUp(now);
    this.#adapt();
  }

  /** Says that detections are known up to `pts`. */
  known(session, pts, now) {
    if (session !== this.session) return;
    this.newest = Math.max(this.newest, pts);
    while (this.waiting.length && this.waiting[0] <= pts) {
      last(this.needs, Math.max(0, now - this.waiting.shift() / TICKS - this.offset));
    }
  }

  /** The picture to show at `now`, or null. Earlier ones are dropped. */
  due(now) {
    const ready = this.queue.findLastIndex((picture) => picture.pts / TICKS + this.offset + this.delay <= now);
    if (ready < 0) return null;
    const [picture, ...late] = this.queue.splice(0, ready + 1).reverse();
    late.forEach(this.drop);
    return picture;
  }

  #giveUp(now) {
    while (this.waiting.length && now - this.waiting[0] / TICKS - this.offset > PATIENCE) {
      this.waiting.shift();
      last(this.needs, Infinity);
    }
  }

  #adapt() {
    const jitter = quantile(this.arrivals, 0.9) - this.offset;
    const target = Math.min(this.limit, Math.max(jitter, enough(this.needs, this.limit)));
    const step = target - this.delay;
    this.delay += ++this.seen < SETTLING ? Math.max(0, step) : Math.max(-4, Math.min(20, step));
  }
}

/** The delay that is enough for `share` of the pictures; where detections are too rare for that, for those that have their own. */
export function enough(needs, limit, share = 0.95) {
  if (!needs.length) return 0;
  if (quantile(needs, 0.5) <= limit) return Math.min(limit, quantile(needs, share) + 10);
  const own = Math.min(...needs) * 1.5;
  return own < limit ? own : 0;
}
