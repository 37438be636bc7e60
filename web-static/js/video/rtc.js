import { call } from "../api.js";
import { Delay } from "./delay.js";
import { eachFrame, play } from "./frames.js";
import { Marks } from "./marks.js";

const LONGEST_WAIT = 350; // ms that video may be held back for its boxes

/** One camera's video over WebRTC, as the camera sent it, in a <video>. */
export class Rtc {
  #key;
  #video;
  #on;
  #pc = null;
  #session = "";
  #receiver = null;
  #marks = new Marks();
  #delay = new Delay(LONGEST_WAIT);
  #abort = new AbortController();

  /** on: { frame({ session, pts, width, height }), lost(reason) } */
  constructor({ key }, video, on) {
    this.#key = key;
    this.#video = video;
    this.#on = on;
  }

  async open() {
    try {
      await this.#connect();
    } catch (error) {
      this.#lose(error.message);
    }
  }

  close() {
    this.#abort.abort();
    this.#pc?.close();
    if (this.#video.srcObject) this.#video.srcObject = null;
  }

  /** Says when detections came. */
  know({ session, pts }) {
    this.#delay.known(session, pts, performance.now());
    this.#wait();
  }

  async #connect() {
    const { signal } = this.#abort;
    const made = await call(`api/webrtc/stream/${encodeURIComponent(this.#key)}`, { method: "POST", signal });
    if (signal.aborted) return this.#leave(made.session);
    this.#session = made.session;
    const pc = (this.#pc = new RTCPeerConnection({ iceServers: made.ice_servers }));
    pc.onconnectionstatechange = () => pc.connectionState === "failed" && this.#lose("the connection broke");
    pc.ontrack = ({ track, receiver }) => this.#play(track, receiver);
    pc.ondatachannel = ({ channel }) => (channel.onmessage = ({ data }) => this.#marks.hear(JSON.parse(data)));
    // On one network the gateway learns our address from our own packets; only relays and routers need to be told it.
    if (made.ice_servers.length) pc.onicecandidate = ({ candidate }) => candidate && this.#trickle(candidate);
    await pc.setRemoteDescription(made.offer);
    await pc.setLocalDescription();
    if (signal.aborted) return this.#leave(made.session);
    await call("api/webrtc/answer", { method: "POST", body: { session: made.session, sdp: pc.localDescription.sdp, type: "answer" }, signal });
  }

  #trickle(candidate) {
    call("api/webrtc/candidate", { method: "POST", body: { session: this.#session, candidate } }).catch(() => {});
  }

  /** A session that is not taken up would end by itself, but later. */
  #leave(session) {
    call(`api/webrtc/session/${session}`, { method: "DELETE" }).catch(() => {});
  }

  #lose(reason) {
    if (this.#abort.signal.aborted) return;
    this.close();
    this.#on.lost(reason);
  }

  #play(track, receiver) {
    this.#receiver = receiver;
    track.onended = () => this.#lose("the video ended");
    play(this.#video, track);
    eachFrame(this.#video, this.#abort.signal, (frame) => this.#show(frame));
  }

  #show({ rtpTimestamp, receiveTime, width, height }) {
    const which = rtpTimestamp === undefined ? { session: "", pts: -1 } : (this.#marks.at(rtpTimestamp) ?? { session: "?", pts: -1 });
    this.#on.frame({ ...which, width, height });
    if (which.pts < 0 || receiveTime === undefined) return;
    this.#delay.shown(which.session, which.pts, receiveTime, performance.now());
    this.#wait();
  }

  /** Chromium and Firefox take the delay in different words and units. */
  #wait() {
    const { target } = this.#delay;
    if (!this.#receiver) return;
    if ("jitterBufferTarget" in this.#receiver) {
      if (this.#receiver.jitterBufferTarget !== target) this.#receiver.jitterBufferTarget = target;
    } else if ("playoutDelayHint" in this.#receiver) this.#receiver.playoutDelayHint = target / 1000;
  }
}
