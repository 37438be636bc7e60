import { call } from "./api.js";
import { Line } from "./line.js";
import { link, setLink, take } from "./store.js";

const EVERY = 500;
const LIST = 4; // the list of cameras, with their health, is read every so many times
const SILENCE = 8000;

/** The messages of the wire: by WebSocket, and while there is none by asking. `refresh()` reads the list of cameras. */
export class Stream {
  #line;
  #refresh;
  #spell = null; // one time of asking; another value ends it

  constructor(refresh) {
    this.#refresh = refresh;
    this.#line = new Line(
      "api/realtime/ws",
      { open: () => this.#open(), message: (data) => take(JSON.parse(data)), down: () => this.#down() },
      { silence: SILENCE },
    );
  }

  start() {
    this.#line.start();
  }

  stop() {
    this.#line.stop();
    this.#spell = null;
  }

  /** Opens again now instead of at the next try. */
  retry() {
    this.stop();
    this.start();
  }

  #open() {
    this.#spell = null;
    setLink({ meta: "ws", since: performance.now(), cause: "" });
    this.#refresh().catch(() => {}); // whoever asks next will tell
  }

  #down() {
    if (!this.#spell) this.#ask((this.#spell = {}));
  }

  async #ask(spell) {
    for (let round = 0; spell === this.#spell; round++) {
      try {
        const { detections } = await call("api/realtime/latest");
        if (round % LIST === 0) await this.#refresh();
        if (spell !== this.#spell) return;
        Object.values(detections).forEach((message) => take({ type: "detections", ...message }));
        setLink({ meta: "poll", cause: "" });
      } catch (error) {
        if (spell !== this.#spell) return;
        const since = link.value.meta === "lost" ? link.value.since : performance.now();
        setLink({ meta: "lost", since, cause: error.message });
      }
      await new Promise((resolve) => setTimeout(resolve, link.value.meta === "lost" ? 4 * EVERY : EVERY));
    }
  }
}
