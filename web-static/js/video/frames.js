const NOT_SAYING = 100; // ms between looks where a browser does not tell which frame it shows

/** Tells `shown({ width, height, rtpTimestamp?, receiveTime? })` of each frame of `video`, until `signal` aborts. */
export function eachFrame(video, signal, shown) {
  if (!video.requestVideoFrameCallback) return guess(video, signal, shown);
  const next = () =>
    video.requestVideoFrameCallback((now, frame) => {
      if (signal.aborted) return;
      next();
      shown(frame);
    });
  next();
}

function guess(video, signal, shown) {
  const timer = setInterval(() => video.videoWidth && shown({ width: video.videoWidth, height: video.videoHeight }), NOT_SAYING);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Plays a track of WebRTC. */
export function play(video, track) {
  video.srcObject = new MediaStream([track]);
  video.play().catch(() => {}); // refused only when it is gone again
}

/** Frames that do not say which they are. */
export const nameless = ({ width, height }) => ({ session: "", pts: -1, width, height });
