import { eachFrame, nameless, play } from "./frames.js";

/** One camera's video from where its owner says that browsers find it: a WHEP server, or what a <video> plays by itself. */
export class Direct {
  #url;
  #video;
  #on;
  #pc = null;
  #session = "";
  #abort = new AbortController();

  /** on: { frame({ session, pts, width, height }), lost(reason) } */
  constructor({ direct }, video, on) {
    this.#url = direct;
    this.#video = video;
    this.#on = on;
  }

  async open() {
    eachFrame(this.#video, this.#abort.signal, (frame) => this.#on.frame(nameless(frame)));
    try {
      if (this.#url.startsWith("whep+")) await this.#whep(this.#url.slice("whep+".length));
      else this.#load();
    } catch {
      this.#lose(`${new URL(this.#url.replace("whep+", "")).host} does not answer, or this page was opened before it was known`);
    }
  }

  know() {}

  close() {
    this.#abort.abort();
    this.#pc?.close();
    if (this.#session) fetch(this.#session, { method: "DELETE", keepalive: true }).catch(() => {});
    this.#video.removeAttribute("src");
    this.#video.srcObject = null;
  }

  #load() {
    const { signal } = this.#abort;
    this.#video.addEventListener("error", () => this.#lose("it cannot be played"), { signal });
    this.#video.addEventListener("ended", () => this.#lose("the video ended"), { signal });
    this.#video.src = this.#url;
    this.#video.play().catch(() => {}); // "error" says why
  }

  /** https://datatracker.ietf.org/doc/draft-ietf-wish-whep/ */
  async #whep(url) {
    const { signal } = this.#abort;
    const pc = (this.#pc = new RTCPeerConnection());
    pc.onconnectionstatechange = () => pc.connectionState === "failed" && this.#lose("the connection broke");
    pc.ontrack = ({ track }) => {
      track.onended = () => this.#lose("the video ended");
      play(this.#video, track);
    };
    pc.addTransceiver("video", { direction: "recvonly" });
    await pc.setLocalDescription();
    const reply = await fetch(url, { method: "POST", headers: { "content-type": "application/sdp" }, body: pc.localDescription.sdp, signal });
    if (reply.status !== 201) return this.#lose(`${new URL(url).host} answered ${reply.status}`);
    const place = reply.headers.get("location");
    this.#session = place ? new URL(place, url).href : "";
    await pc.setRemoteDescription({ type: "answer", sdp: await reply.text() });
  }

  #lose(reason) {
    if (this.#abort.signal.aborted) return;
    this.close();
    this.#on.lost(reason);
  }
}
