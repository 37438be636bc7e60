import { call } from "./api.js";
import { Line } from "./line.js";
import { link, setLink, take } from "./store.js";

const EVERY = 500;
const SILENCE = 8000;

/** The messages of the wire: by WebSocket, and while there is none by asking. `refresh()` reads the list of cameras. */
export class Stream {
  #line;
  #refresh;
  #asking = 0;

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
    clearTimeout(this.#asking);
    this.#asking = 0;
  }

  /** Opens again now instead of at the next try. */
  retry() {
    this.stop();
    this.start();
  }

  #open() {
    clearTimeout(this.#asking);
    this.#asking = 0;
    setLink({ meta: "ws", since: performance.now(), cause: "" });
    this.#refresh();
  }

  #down() {
    if (!this.#asking) this.#ask(0);
  }

  async #ask(round) {
    this.#asking = setTimeout(() => {}, 0);
    const turn = this.#asking;
    try {
      const { detections } = await call("api/realtime/latest");
      if (round % 4 === 0) await this.#refresh();
      if (turn !== this.#asking) return;
      Object.values(detections).forEach((message) => take({ type: "detections", ...message }));
      setLink({ meta: "poll", cause: "" });
    } catch (error) {
      if (turn !== this.#asking) return;
      const since = link.value.meta === "lost" ? link.value.since : performance.now();
      setLink({ meta: "lost", since, cause: error.message });
    }
    const pause = link.value.meta === "lost" ? 2000 : EVERY;
    this.#asking = setTimeout(() => this.#ask(round + 1), pause);
  }
}
