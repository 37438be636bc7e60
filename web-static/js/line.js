import { socketUrl } from "./api.js";

const SLOWEST = 10000;
const PATIENCE = 5000;

/** A WebSocket that opens itself again, later and later, up to every ten seconds. */
export class Line {
  #path;
  #on;
  #socket = null;
  #timer = 0;
  #failures = 0;
  #heard = 0;
  #wanted = false;

  /** on: { open(), message(data), down() }; with `silence` (ms), a line that fell silent for so long is opened anew. */
  constructor(path, on, { silence = 0 } = {}) {
    this.#path = path;
    this.#on = on;
    if (silence) setInterval(() => this.#listen(silence), silence / 4);
  }

  get up() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  start() {
    this.#wanted = true;
    this.#failures = 0;
    this.#open();
  }

  stop() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#leave();
  }

  send(message) {
    if (this.up) this.#socket.send(JSON.stringify(message));
  }

  #leave() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#leave();
    const socket = (this.#socket = new WebSocket(socketUrl(this.#path)));
    socket.binaryType = "arraybuffer";
    const late = setTimeout(() => this.#lost(socket), PATIENCE);
    socket.onopen = () => {
      clearTimeout(late);
      this.#failures = 0;
      this.#heard = 0;
      this.#on.open();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#heard = performance.now();
      this.#on.message(data);
    };
    socket.onclose = () => {
      clearTimeout(late);
      this.#lost(socket);
    };
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    this.#leave();
    if (!this.#wanted) return;
    const pause = Math.min(SLOWEST, 500 * 2 ** this.#failures++) * (0.8 + Math.random() * 0.4);
    this.#timer = setTimeout(() => this.#open(), pause);
    this.#on.down();
  }

  #listen(silence) {
    if (this.up && this.#heard && performance.now() - this.#heard > silence) this.#lost(this.#socket);
  }
}
