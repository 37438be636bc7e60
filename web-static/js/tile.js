import { nameOf, slugOf, start } from "./cameras.js";
import { edit } from "./cameraform.js";
import { controls } from "./controls.js";
import { second } from "./clock.js";
import { h, mark, write } from "./dom.js";
import { icon } from "./icons.js";
import { to } from "./routes.js";
import { Screen } from "./screen.js";
import { Source } from "./source.js";
import { onDetections } from "./store.js";
import { codecName, decimal, megabits, span, stateOf } from "./words.js";

const WIDTHS = [320, 480, 640, 960, 1280, 1920]; // few sizes, so that viewers share encodings
const OLD = 3000;

/** A <video> that what is on show already lies upon. */
function under(picture) {
  const video = h("video", { "aria-hidden": "true", muted: true, playsinline: true, disablepictureinpicture: true, tabindex: -1 });
  video.muted = true; // the attribute alone does not let it play by itself
  picture.after(video);
  return video;
}

/** One camera on the grid. onShape is told when its picture's shape is known. */
export class Tile {
  aspect = 16 / 9;
  top = 0; // where its row begins, to tell rows apart
  #camera;
  #source;
  #screen;
  #parts;
  #tools;
  #ends = [];
  #fps = 0;
  #trouble = "";
  #width = 0;

  constructor(camera, pictures, onShape) {
    this.#camera = camera;
    const { health } = camera;
    if (health?.width && health.height) this.aspect = health.width / health.height;
    this.#build(pictures);
    this.#screen.onShape = (aspect) => {
      const changed = Math.abs(aspect - this.aspect) > 0.01;
      this.aspect = aspect;
      if (changed) onShape();
    };
    const sizes = new ResizeObserver(([{ contentRect }]) => this.#sized(contentRect));
    sizes.observe(this.#parts.stage);
    this.#ends.push(
      () => sizes.disconnect(),
      onDetections(camera.key, (message) => this.#know(message)),
      camera.changed.watch(() => this.update()),
      second.watch(() => this.update()),
    );
  }

  #build(pictures) {
    const name = nameOf(this.#camera);
    const picture = h("canvas.picture", { "aria-hidden": "true" });
    const overlay = h("canvas.overlay", { "aria-hidden": "true" });
    this.#screen = new Screen(picture, overlay);
    this.#source = new Source(this.#camera, pictures, this.#screen, () => under(picture), this.#hear);
    this.#tools = controls(this.#camera);
    this.#parts = {
      back: h("a.back", { href: "#/live", "aria-label": "All cameras", title: "All cameras (Esc)" }, icon("back")),
      name: h("h2", {}, name), dot: h("i.dot"), state: h("span.state"),
      transport: h("span.badge.transport"), exactness: h("span.badge.exactness"), fps: h("span.fps"),
      stage: h("a.stage", {}, picture, overlay),
      more: h("button.more", { "aria-label": `Controls of ${name}`, "aria-expanded": "false", onclick: () => this.#toggle() }, icon("more")),
      notice: h("div.notice"), facts: h("p.facts"), age: h("span.age"),
    };
    const { back, name: title, dot, state, transport, exactness, fps, stage, more, notice, facts, age } = this.#parts;
    this.node = h("article.tile", { "data-camera": this.#camera.key },
      h("header.bar", {}, back, dot, title, state, h("span.gap"), transport, exactness, fps, more),
      h("div.view", {}, stage, notice, age, this.#tools.node), facts);
  }

  #toggle() {
    const open = this.node.classList.toggle("open");
    mark(this.#parts.more, "aria-expanded", String(open));
  }

  /** Puts the tile where the layout wants it; `large` shows it alone. */
  place({ x, y, width, height }, large) {
    Object.assign(this.node.style, { transform: `translate(${Math.round(x)}px, ${Math.round(y)}px)`, width: `${Math.round(width)}px`, height: `${Math.round(height)}px` });
    this.top = Math.round(y);
    this.node.classList.toggle("large", large);
    mark(this.#parts.stage, "href", large ? null : to("live", slugOf(this.#camera)));
    mark(this.#parts.stage, "aria-label", large ? null : `${nameOf(this.#camera)}, enlarge`);
    this.update();
  }

  #sized({ width, height }) {
    this.#width = width;
    if (!width) return;
    this.#screen.resize(width, height);
    this.#reconcile();
  }

  /** Shows live pictures at `fps`, or with 0 none. */
  show(fps) {
    this.#fps = fps;
    this.#reconcile();
  }

  #reconcile() {
    if (!this.#fps || !this.#width || !this.#camera.view.enabled) {
      return this.#source.hide();
    }
    const pixels = this.#width * devicePixelRatio;
    const width = WIDTHS.find((size) => size >= pixels * 0.9) ?? WIDTHS.at(-1);
    this.#source.show({ width, fps: this.#fps });
  }

  focus() {
    this.#parts.stage.focus();
  }

  close() {
    this.show(0);
    this.#ends.forEach((end) => end());
    this.#screen.close();
    this.node.remove();
  }

  #know(detections) {
    this.#screen.know(detections);
    this.#source.know(detections);
  }

  #hear = (picture) => {
    this.#trouble = picture.error?.message ?? "";
    if (!picture.error) this.#screen.take(picture);
  };

  /** Once a second, and when the camera's state changed. */
  update() {
    const { tone, word, detail } = stateOf(this.#camera);
    const { name, dot, state, transport, exactness, fps } = this.#parts;
    const running = tone === "live";
    this.#source.check(running);
    write(name, nameOf(this.#camera));
    mark(dot, "data-tone", tone);
    write(state, word);
    state.title = detail || word;
    mark(this.node, "data-tone", tone);
    const seen = this.#screen.shownAt > 0 && running;
    write(transport, seen ? this.#screen.transport : "");
    transport.title = this.#source.why;
    write(exactness, seen && this.#camera.view.detection ? this.#screen.exactness : "");
    exactness.title = exactness.textContent === "exact" ? "Boxes belong to the very picture on show" : "Boxes are those of the newest picture looked at";
    write(fps, seen ? `${decimal(this.#screen.fps)} fps` : "");
    this.#age(running);
    this.#notice(tone, word, detail);
    this.#facts();
    this.#tools.update();
    this.#reconcile();
  }

  #age(running) {
    const { shownAt } = this.#screen;
    const passed = performance.now() - shownAt;
    const old = shownAt > 0 && passed > OLD;
    this.node.classList.toggle("old", old || !running);
    write(this.#parts.age, old ? `picture is ${span(passed / 1000)} old` : "");
    if (!running && this.#camera.health && shownAt) this.#screen.still();
  }

  #notice(tone, word, detail) {
    const { notice } = this.#parts;
    const first = !this.#screen.shownAt;
    const text = tone === "live" ? this.#trouble || (first ? "waiting for its first picture…" : "") : detail || (first || tone === "off" ? word : "");
    const shown = `${tone}|${text}|${this.#camera.view.enabled}`;
    if (notice.dataset.shown === shown) return;
    notice.dataset.shown = shown;
    const way = tone === "off" ? this.#way("start", "Start", start) : tone === "warn" && detail ? this.#way("edit", "Edit", edit) : null;
    notice.replaceChildren(...[text && h("p", {}, tone === "off" ? "Stopped" : text), way].filter(Boolean));
  }

  /** The button that may get a camera out of its trouble. */
  #way(name, label, act) {
    return h("button.quiet", { "aria-label": `${label} ${nameOf(this.#camera)}`, onclick: () => act(this.#camera) }, icon(name), label);
  }

  #facts() {
    if (!this.node.classList.contains("large")) return;
    const { health, view } = this.#camera;
    if (!health?.codec) return write(this.#parts.facts, view.url);
    const detected = health.detection ? `detection ${decimal(health.detect_fps)}/s, asked ${view.fps}/s` : "detection off";
    write(this.#parts.facts, [
      codecName(health.codec), `${health.width} × ${health.height}`, `${decimal(health.fps)} fps`, megabits(health.bitrate), detected,
      `newest frame ${Math.round(health.age_ms)} ms old`, health.decoder,
    ].join("  ·  "));
  }
}
