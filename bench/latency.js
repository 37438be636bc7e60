// Runs in a page of the gateway: the viewer's own two ways of WebRTC beside each other, and when each frame's bar code was on the screen.
async ({ key, id, count, settling, bits, cell, width }) => {
  const ways = { webrtc: (await import("/js/video/rtc.js")).Rtc, janus: (await import("/js/video/janus.js")).Janus };
  const code = (video, copy) => {
    const scale = video.videoWidth / width;
    copy.drawImage(video, 0, 0, bits * cell * scale, cell * scale, 0, 0, bits * cell, cell);
    const { data } = copy.getImageData(0, 0, bits * cell, cell);
    let number = 0;
    for (let bit = 0; bit < bits; bit++) number |= (data[((cell / 2) * bits * cell + (bit + 0.5) * cell) * 4] > 128) << bit;
    return number;
  };
  const watch = (Way) =>
    new Promise((done, failed) => {
      const video = document.body.appendChild(Object.assign(document.createElement("video"), { muted: true, playsInline: true, width: 320 }));
      const copy = Object.assign(document.createElement("canvas"), { width: bits * cell, height: cell }).getContext("2d", { willReadFrequently: true });
      new Way({ key, id }, video, { frame() {}, lost: (reason) => failed(new Error(reason)) }).open();
      const seen = [];
      const from = performance.now() + settling;
      const next = () =>
        video.requestVideoFrameCallback((_, { receiveTime, expectedDisplayTime }) => {
          const now = Math.max(performance.now(), expectedDisplayTime); // the first argument is when the turn was due
          if (now > from) seen.push([code(video, copy), performance.timeOrigin + receiveTime, performance.timeOrigin + now]);
          seen.length < count ? next() : done(seen);
        });
      next();
    });
  const found = await Promise.all(Object.values(ways).map(watch));
  return Object.fromEntries(Object.keys(ways).map((way, index) => [way, found[index]]));
};
