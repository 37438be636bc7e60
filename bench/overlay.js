// Runs in the viewer's page: after every frame the video shows, what its bar code says and what the box drawn on it says.
({ count, bits, cell, width, first, step }) =>
  new Promise((done) => {
    const video = document.querySelector(".tile video");
    const overlay = document.querySelector(".tile canvas.overlay");
    const copy = Object.assign(document.createElement("canvas"), { width: bits * cell, height: cell }).getContext("2d", { willReadFrequently: true });
    const code = () => {
      const scale = video.videoWidth / width;
      copy.drawImage(video, 0, 0, bits * cell * scale, cell * scale, 0, 0, bits * cell, cell);
      const { data } = copy.getImageData(0, 0, bits * cell, cell);
      let number = 0;
      for (let bit = 0; bit < bits; bit++) number |= (data[((cell / 2) * bits * cell + (bit + 0.5) * cell) * 4] > 128) << bit;
      return number;
    };
    const box = () => {
      // the row in the middle of the upper ticks; their left end is half a line's shadow left of the box
      const row = Math.round(overlay.height * 0.3);
      const { data } = overlay.getContext("2d").getImageData(0, row, overlay.width, 1);
      for (let x = 0; x < overlay.width; x++) if (data[x * 4 + 3] > 40) return Math.round(((x + 1.75 * devicePixelRatio) / overlay.width - first) / step);
      return -1;
    };
    const seen = [];
    const next = () =>
      video.requestVideoFrameCallback((_, { rtpTimestamp, receiveTime, expectedDisplayTime }) => {
        // the viewer's own callback for this frame ran before this one
        seen.push({ code: code(), box: box(), rtp: rtpTimestamp, held: expectedDisplayTime - receiveTime, shown: performance.timeOrigin + Math.max(performance.now(), expectedDisplayTime) });
        seen.length < count ? next() : done(seen);
      });
    next();
  })
