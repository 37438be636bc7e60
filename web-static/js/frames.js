// One animation frame for everything that has something to show; none when nothing has.

const waiting = new Set();
let asked = 0;

/** Calls `step(now)` once, before the next paint. */
export function onNextFrame(step) {
  waiting.add(step);
  asked ||= requestAnimationFrame(run);
}

function run() {
  asked = 0;
  const steps = [...waiting];
  waiting.clear();
  const now = performance.now();
  for (const step of steps) step(now);
}
