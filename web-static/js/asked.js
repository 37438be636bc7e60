import { camera, request } from "./api.js";
import { parts } from "./multipart.js";

const STREAMS = 4; // a browser opens six connections to a host over HTTP/1.1; the rest is for everything else
const AGAIN = 2000;

const pause = (ms, abort) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    abort.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

/** Pictures over plain HTTP, for lines that let no WebSocket through: MJPEG for the first tiles, single pictures for the others. */
export class Asked {
  #abort = null;
  #deliver;

  /** deliver(key, jpeg, { session, pts, time }, transport) */
  constructor(deliver) {
    this.#deliver = deliver;
  }

  /** Shows these and nothing else: key → { width, fps, quality }. */
  watch(wanted) {
    this.stop();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const all = [...wanted];
    all.slice(0, STREAMS).forEach(([key, wish]) => this.#keep(() => this.#stream(key, wish, signal), signal));
    const others = all.slice(STREAMS);
    if (others.length) this.#keep(() => this.#round(others, signal), signal);
  }

  stop() {
    this.#abort?.abort();
    this.#abort = null;
  }

  async #keep(work, signal) {
    while (!signal.aborted) {
      await work().catch(() => {}); // the link's own state tells the user; here it is only tried again
      await pause(AGAIN, signal);
    }
  }

  async #stream(key, { width, fps, quality }, signal) {
    const response = await request("api/media/mjpeg", { query: { camera: key, width, fps, quality }, signal });
    for await (const { headers, body } of parts(response.body)) {
      const head = { session: headers.get("x-session") ?? "", pts: Number(headers.get("x-pts") ?? -1), time: headers.get("x-time") };
      this.#deliver(key, body, head, "MJPEG");
    }
  }

  /** One picture of each, one after the other. */
  async #round(wanted, signal) {
    while (!signal.aborted) {
      const began = performance.now();
      for (const [key, { width, quality }] of wanted) {
        const response = await request(camera(key, "picture.jpg"), { query: { width, quality }, signal });
        const { headers } = response;
        const head = { session: headers.get("x-session") ?? "", pts: Number(headers.get("x-pts") ?? -1), time: headers.get("x-time") };
        this.#deliver(key, new Uint8Array(await response.arrayBuffer()), head, "poll");
      }
      await pause(Math.max(0, 1000 - (performance.now() - began)), signal);
    }
  }
}
