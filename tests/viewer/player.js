// A page that watches a camera by one way of signalling, without our viewer: `play(asked)`, then `pc`, `video`, `units`, `end()`.
// asked: { way, camera, frames: how many are to be shown, settings: of the RTCPeerConnection, patience: ms, then it tells what it has }
// units: { time, data } of each access unit as it came out of the RTP packets, before the decoder: SHA-256 of its NAL units.

const TAP = `
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
  function nals(data) {
    const starts = [];
    for (let at = 0; at + 2 < data.length; at++)
      if (data[at] === 0 && data[at + 1] === 0 && data[at + 2] === 1) { starts.push(at + 3); at += 2; }
    return starts.map((start, index) => {
      let end = index + 1 < starts.length ? starts[index + 1] - 3 : data.length;
      while (end > start && data[end - 1] === 0) end--;
      return data.subarray(start, end);
    });
  }
  onrtctransform = async ({ transformer }) => {
    const writer = transformer.writable.getWriter();
    const reader = transformer.readable.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const frame = next.value;
      const hashes = [];
      for (const nal of nals(new Uint8Array(frame.data))) hashes.push(hex(await crypto.subtle.digest("SHA-256", nal)));
      postMessage({ time: frame.getMetadata().rtpTimestamp ?? frame.timestamp, nals: hashes });
      await writer.write(frame);
    }
  };`;

globalThis.play = async ({ way, camera, frames, settings = {}, patience = 20_000 }) => {
  const pc = (globalThis.pc = new RTCPeerConnection(settings));
  const video = (globalThis.video = document.createElement("video"));
  const units = (globalThis.units = []);
  const worker = new Worker(URL.createObjectURL(new Blob([TAP], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => units.push(data);
  video.muted = true;
  document.body.append(video);
  // Chromium takes the transform of a receiver only before the packets can come: whoever offers sets it then
  pc.tap = (receiver) => (receiver.transform ??= new RTCRtpScriptTransform(worker));
  pc.ontrack = ({ track, receiver }) => {
    pc.tap(receiver);
    video.srcObject = new MediaStream([track]);
    video.play();
  };
  const { session, end } = await WAYS[way](pc, camera);
  globalThis.end = end;
  const shown = await framesShown(video, frames, patience);
  return { session, width: video.videoWidth, height: video.videoHeight, shown };
};

globalThis.framesShown = (video, count, patience) =>
  new Promise((done) => {
    const shown = [];
    setTimeout(() => done(shown), patience);
    const next = () =>
      video.requestVideoFrameCallback((now, { rtpTimestamp, width, height }) => {
        shown.push({ rtp: rtpTimestamp, width, height });
        shown.length < count ? next() : done(shown);
      });
    next();
  });

async function said(reply) {
  if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
  return reply;
}

const leave = async (path) => (await said(await fetch(path, { method: "DELETE" }))).status;

async function post(path, body) {
  const reply = await said(await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }));
  return reply.status === 204 ? null : reply.json();
}

async function offer(pc) {
  pc.tap(pc.addTransceiver("video", { direction: "recvonly" }).receiver);
  await pc.setLocalDescription();
}

async function gathered(pc) {
  while (pc.iceGatheringState !== "complete") await new Promise((done) => pc.addEventListener("icegatheringstatechange", done, { once: true }));
  return pc.localDescription.sdp;
}

const asked = (path) => async (pc, camera) => {
  await offer(pc);
  const { session, type, sdp } = await post(path, { camera, type: "offer", sdp: await gathered(pc) });
  await pc.setRemoteDescription({ type, sdp });
  return { session, end: () => leave(`/api/webrtc/session/${session}`) };
};

const WAYS = {
  offer: asked("/webrtc/offer"),
  api: asked("/api/webrtc/offer"),

  async stream(pc, camera) {
    const { session, offer } = await post(`/api/webrtc/stream/${camera}`);
    pc.onicecandidate = ({ candidate }) => post("/api/webrtc/candidate", { session, candidate });
    await pc.setRemoteDescription(offer);
    await pc.setLocalDescription();
    await post("/api/webrtc/answer", { session, type: "answer", sdp: pc.localDescription.sdp });
    return { session, end: () => leave(`/api/webrtc/session/${session}`) };
  },

  async socket(pc, camera) {
    const { session, ws } = await post(`/api/webrtc/stream/${camera}`);
    const socket = new WebSocket(ws);
    const say = (word) => socket.send(JSON.stringify(word));
    const states = (globalThis.states = []);
    socket.onmessage = async ({ data }) => {
      const word = JSON.parse(data);
      if (word.type === "state") return states.push(word.state);
      await pc.setRemoteDescription({ type: "offer", sdp: word.sdp });
      pc.onicecandidate = ({ candidate }) => say({ type: "candidate", candidate });
      await pc.setLocalDescription();
      say({ type: "answer", sdp: pc.localDescription.sdp });
    };
    return { session, end: async () => pc.close() };
  },

  async whep(pc, camera) {
    const candidates = [];
    let tell = (candidate) => candidates.push(candidate);
    pc.onicecandidate = ({ candidate }) => tell(candidate);
    await offer(pc);
    const reply = await said(
      await fetch(`/whep/${camera}`, { method: "POST", headers: { "content-type": "application/sdp" }, body: pc.localDescription.sdp }),
    );
    const where = reply.headers.get("location");
    const trickle = { "content-type": "application/trickle-ice-sdpfrag", "if-match": reply.headers.get("etag") };
    globalThis.patched = [];
    tell = async (candidate) => {
      const line = candidate?.candidate ? `a=${candidate.candidate}` : "a=end-of-candidates";
      const { usernameFragment, sdpMid } = candidate ?? { usernameFragment: "", sdpMid: "0" };
      const body = `a=ice-ufrag:${usernameFragment}\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:${sdpMid}\r\n${line}\r\n`;
      globalThis.patched.push((await fetch(where, { method: "PATCH", headers: trickle, body })).status);
    };
    await pc.setRemoteDescription({ type: "answer", sdp: await reply.text() });
    await Promise.all(candidates.map(tell));
    return { session: where.split("/").at(-1), end: () => leave(where) };
  },
};
