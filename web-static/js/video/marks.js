// Which frame a packet's time belongs to. Pure.

const KEPT = 8;

/** How far `time` is after `start`, both of 32 bits that wrap; negative when before. */
const since = (start, time) => (time - start) | 0;

/** What the gateway says: from an RTP time on, pts go in step with it; without a session these frames have no boxes. */
export class Marks {
  #marks = [];

  /** { rtp, session?, pts? } */
  hear(mark) {
    this.#marks.push(mark);
    if (this.#marks.length > KEPT) this.#marks.shift();
  }

  /** { session, pts } of the frame with this RTP time, or null. */
  at(rtp) {
    const mark = this.#marks.findLast((known) => since(known.rtp, rtp) >= 0);
    return mark?.session ? { session: mark.session, pts: mark.pts + since(mark.rtp, rtp) } : null;
  }
}
