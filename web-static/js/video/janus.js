import { socketUrl } from "../api.js";
import { eachFrame, nameless, play } from "./frames.js";

const PLUGIN = "janus.plugin.streaming";
const ALIVE = 25000; // ms; Janus ends sessions that are silent for a minute

/** One camera's video from Janus' streaming plugin, through the gateway: https://janus.conf.meetecho.com/docs/streaming.html */
export class Janus {
  #camera;
  #video;
  #on;
  #socket = null;
  #pc = null;
  #session;
  #handle;
  #asked = new Map(); // transaction → { resolve, reject }
  #number = 0;
  #timer = 0;
  #abort = new AbortController();

  /** camera: { key, id }; on: { frame({ session, pts, width, height }), lost(reason) } */
  constructor(camera, video, on) {
    this.#camera = camera;
    this.#video = video;
    this.#on = on;
  }

  open() {
    eachFrame(this.#video, this.#abort.signal, (frame) => this.#on.frame(nameless(frame)));
    const socket = (this.#socket = new WebSocket(socketUrl("janus"), "janus-protocol"));
    socket.onopen = () => this.#watch().catch((error) => this.#lose(error.message));
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = ({ reason }) => this.#lose(reason || "the connection to it broke");
  }

  know() {}

  close() {
    this.#abort.abort();
    clearInterval(this.#timer);
    this.#socket.onclose = null;
    this.#socket.close();
    this.#pc?.close();
    this.#video.srcObject = null;
  }

  async #watch() {
    this.#session = (await this.#ask({ janus: "create" })).data.id;
    this.#timer = setInterval(() => this.#say({ janus: "keepalive" }), ALIVE);
    this.#handle = (await this.#ask({ janus: "attach", plugin: PLUGIN })).data.id;
    const { plugindata } = await this.#ask({ janus: "message", body: { request: "list" } });
    const mountpoint = mountpointOf(this.#camera, plugindata.data.list ?? []);
    if (!mountpoint) throw new Error("it has no mountpoint for this camera: edged janus check");
    this.#say({ janus: "message", body: { request: "watch", id: mountpoint.id } });
  }

  #say(said) {
    const transaction = String(++this.#number);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ ...said, session_id: this.#session, handle_id: this.#handle, transaction }));
    return transaction;
  }

  #ask(said) {
    return new Promise((resolve, reject) => this.#asked.set(this.#say(said), { resolve, reject }));
  }

  #hear(said) {
    const asked = this.#asked.get(said.transaction);
    const refused = said.error?.reason ?? said.plugindata?.data?.error;
    if (asked && said.janus !== "ack") {
      this.#asked.delete(said.transaction);
      return refused ? asked.reject(new Error(refused)) : asked.resolve(said);
    }
    if (refused) return this.#lose(refused);
    if (said.jsep) this.#answer(said.jsep).catch((error) => this.#lose(error.message));
    else if (said.janus === "hangup" || said.janus === "timeout") this.#lose(`it hung up${said.reason ? `: ${said.reason}` : ""}`);
    else if (said.plugindata?.data?.result?.status === "stopped") this.#lose("its mountpoint is gone");
  }

  async #answer(offer) {
    const pc = (this.#pc = new RTCPeerConnection());
    pc.onconnectionstatechange = () => pc.connectionState === "failed" && this.#lose("the connection broke");
    pc.ontrack = ({ track }) => track.kind === "video" && play(this.#video, track);
    pc.onicecandidate = ({ candidate }) => this.#say({ janus: "trickle", candidate: candidate ?? { completed: true } });
    await pc.setRemoteDescription(offer);
    await pc.setLocalDescription();
    if (!this.#abort.signal.aborted) this.#say({ janus: "message", body: { request: "start" }, jsep: pc.localDescription });
  }

  #lose(reason) {
    if (this.#abort.signal.aborted) return;
    this.close();
    this.#on.lost(reason);
  }
}

/** As `edged janus check` finds it: by the camera's key, or else its id. */
function mountpointOf({ key, id }, mountpoints) {
  for (const name of [key, id]) {
    const found = mountpoints.find((one) => [one.metadata, one.description, String(one.id)].includes(name));
    if (found) return found;
  }
  return null;
}
