// What is known of one camera's tracks, by the stream's own clock. Pure: no DOM, no wall clock.

const TICKS = 90; // pts ticks per millisecond
const KEEP = 4000 * TICKS;
const FADE = 300;
const TRAIL = 1500 * TICKS;
const LONGEST_MOVE = 1500 * TICKS; // between frames further apart than this, a straight line would be invention
const OLDEST_HOLD = 2500; // ms after which boxes nobody renewed are let go

const between = (a, b, share) => a.map((value, index) => value + (b[index] - value) * share);

/** The known frames of one session, oldest first. */
export class Timeline {
  session = "";
  frames = [];

  /** Takes one Detections message. Another session starts anew, an older or known frame changes nothing. */
  know({ session, pts, tracks }) {
    if (session !== this.session) {
      this.session = session;
      this.frames = [];
    }
    if (pts <= (this.frames.at(-1)?.pts ?? -1)) return;
    this.frames.push({ pts, tracks: new Map(tracks.map((track) => [track.id, track])) });
    while (pts - this.frames[0].pts > KEEP) this.frames.shift();
  }

  /**
   * The tracks to draw on the picture (session, pts) that has been on show for `elapsed` ms.
   * how: "exact" the picture's own, "between" two known frames, "after" the newest known one, "none" nothing known.
   * A picture without a session does not say which it is, and gets the newest boxes.
   * fading: true while a drawn track is on its way out.
   */
  at(session, pts, elapsed = 0) {
    if (!session && this.session) return { ...this.at(this.session, this.frames.at(-1).pts), how: "after" };
    const index = session === this.session ? this.frames.findLastIndex((frame) => frame.pts <= pts) : -1;
    if (index < 0) return { how: "none", tracks: [], fading: false };
    const known = this.frames[index];
    const next = this.frames[index + 1];
    const now = pts + elapsed * TICKS;
    const how = known.pts === pts ? "exact" : next ? "between" : "after";
    const tracks = how === "between" ? this.#moved(known, next, pts, now) : this.#held(known, how, now);
    const gone = this.#gone(index, now);
    const all = [...gone, ...tracks];
    return { how, tracks: all, fading: all.some((track) => track.alpha < 1) };
  }

  /** Where a track's feet were, oldest first: [x, y, age as a share of the trail's length]. */
  trail(id, pts) {
    const points = [];
    for (const frame of this.frames) {
      if (frame.pts > pts || pts - frame.pts > TRAIL) continue;
      const box = frame.tracks.get(id)?.box;
      if (box) points.push([box[0] + box[2] / 2, box[1] + box[3], (pts - frame.pts) / TRAIL]);
    }
    return points;
  }

  #moved(known, next, pts, now) {
    const span = next.pts - known.pts;
    const share = span > LONGEST_MOVE ? 0 : (pts - known.pts) / span;
    const tracks = [];
    for (const track of known.tracks.values()) {
      const later = next.tracks.get(track.id);
      if (later) tracks.push({ ...track, box: between(track.box, later.box, share), alpha: 1 });
      else tracks.push({ ...track, alpha: fade(now - known.pts) });
    }
    return tracks.filter((track) => track.alpha > 0);
  }

  #held(known, how, now) {
    const old = (now - known.pts) / TICKS - OLDEST_HOLD;
    const alpha = how === "exact" || old < 0 ? 1 : fade(old * TICKS);
    return alpha > 0 ? [...known.tracks.values()].map((track) => ({ ...track, alpha })) : [];
  }

  /** Tracks that are in an earlier frame and no longer in the one at `index`. */
  #gone(index, now) {
    const present = new Set(this.frames[index].tracks.keys());
    const gone = [];
    for (let earlier = index - 1; earlier >= 0; earlier--) {
      const frame = this.frames[earlier];
      const alpha = fade(now - frame.pts);
      if (alpha <= 0) break;
      for (const track of frame.tracks.values()) {
        if (present.has(track.id)) continue;
        present.add(track.id);
        gone.push({ ...track, alpha });
      }
    }
    return gone;
  }
}

const fade = (ticks) => Math.min(1, Math.max(0, 1 - ticks / TICKS / FADE));
