import { addCamera } from "./cameraform.js";
import { bySlug, slugOf } from "./cameras.js";
import { visible } from "./clock.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { arrange } from "./layout.js";
import { alertPanel } from "./panel.js";
import { go } from "./routes.js";
import { cameras, link, loaded } from "./store.js";
import { Tile } from "./tile.js";

const BAR = 32;
const FACTS = 28;
const NARROW_FACTS = 68;
const GAP = 8;

/** Pictures a second: fewer when there are many, more for the one that is looked at. */
const rate = (count) => (count === 1 ? 15 : count <= 9 ? 10 : 8);

/** The grid of live pictures. */
export class Live {
  #tiles = new Map();
  #pictures;
  #large = "";
  #here = false;
  #seen = new Set();
  #pending = 0;
  #grid = h("div.grid");
  #empty = h("div.empty", { hidden: true });
  #panel = alertPanel(() => this.#later());
  #watcher = new IntersectionObserver((entries) => this.#look(entries), { rootMargin: "100px" });
  node = h("section.live", { "aria-label": "Live" }, h("h1.unseen", {}, "Live"), h("div.room", {}, this.#grid, this.#empty), this.#panel);

  constructor(pictures) {
    this.#pictures = pictures;
    new ResizeObserver(() => this.#later()).observe(this.#grid.parentNode);
    for (const source of [cameras, loaded, link]) source.watch(() => this.#later());
    visible.watch(() => this.#play());
  }

  /** Shows all cameras, or large the one that `slug` names. */
  show(slug) {
    this.#here = true;
    this.#large = slug;
    this.#arrange();
  }

  leave() {
    this.#here = false;
    this.#play();
  }

  /** The key of the camera that is shown alone, or that has the focus. */
  get current() {
    return (bySlug(this.#large)?.key ?? document.activeElement?.closest(".tile")?.dataset.camera) || "";
  }

  open(key) {
    go("live", slugOf(cameras.value.get(key)));
  }

  /** Moves the focus, or the large picture, by this many cameras. */
  step(by, rows = false) {
    const keys = [...this.#tiles.keys()];
    if (!keys.length) return;
    const at = keys.indexOf(this.current);
    if (this.#large) return this.open(keys[(at + Math.sign(by) + keys.length) % keys.length]);
    const jump = rows ? by * this.#columns() : by;
    const next = at < 0 ? 0 : Math.max(0, Math.min(keys.length - 1, at + jump));
    this.#tiles.get(keys[next]).focus();
  }

  #columns() {
    const tops = [...this.#tiles.values()].map((tile) => tile.top);
    return tops.filter((top) => top === tops[0]).length || 1;
  }

  /** Many things change at once; they are arranged once. */
  #later() {
    this.#pending ||= requestAnimationFrame(() => this.#here && this.#arrange());
    if (!this.#here) this.#pending = 0;
  }

  #arrange() {
    cancelAnimationFrame(this.#pending);
    this.#pending = 0;
    this.#match();
    const large = bySlug(this.#large)?.key;
    const shown = [...this.#tiles].filter(([key]) => !large || key === large);
    for (const [key, tile] of this.#tiles) tile.node.hidden = Boolean(large) && key !== large;
    this.#say();
    const room = this.#room(shown.length, large);
    const plan = arrange(shown.map(([, tile]) => tile.aspect), room);
    shown.forEach(([, tile], index) => tile.place(plan.rects[index], Boolean(large)));
    this.#grid.style.height = `${Math.ceil(plan.height)}px`;
    this.#play();
  }

  #room(count, large) {
    const { clientWidth: width, clientHeight: height } = this.#grid.parentNode;
    const narrow = width < 600;
    const least = narrow ? (count > 4 ? 150 : Math.min(300, width)) : 160;
    return { width: width - 2 * GAP, height: height - 2 * GAP, gap: GAP, bar: BAR + (large ? (narrow ? NARROW_FACTS : FACTS) : 0), least: large ? 0 : least };
  }

  /** One tile for each camera, in the gateway's order. */
  #match() {
    for (const [key, tile] of this.#tiles) {
      if (cameras.value.has(key)) continue;
      this.#watcher.unobserve(tile.node);
      this.#seen.delete(key);
      tile.close();
      this.#tiles.delete(key);
    }
    for (const [key, camera] of cameras.value) {
      if (this.#tiles.has(key)) continue;
      const tile = new Tile(camera, this.#pictures, () => this.#later());
      this.#tiles.set(key, tile);
      this.#watcher.observe(tile.node);
    }
    const order = [...cameras.value.keys()].map((key) => [key, this.#tiles.get(key)]);
    this.#tiles = new Map(order);
    order.forEach(([, { node }], index) => this.#grid.children[index] !== node && this.#grid.insertBefore(node, this.#grid.children[index] ?? null));
  }

  #look(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target.dataset.camera);
      else this.#seen.delete(target.dataset.camera);
    }
    this.#play();
  }

  /** Pictures only for what can be seen. */
  #play() {
    const seen = [...this.#tiles].filter(([key, tile]) => this.#seen.has(key) && !tile.node.hidden);
    for (const [key, tile] of this.#tiles) {
      const shown = this.#here && visible.value && !tile.node.hidden && this.#seen.has(key);
      tile.show(shown ? rate(seen.length) : 0);
    }
  }

  #say() {
    const missing = this.#large && loaded.value && !bySlug(this.#large);
    const none = loaded.value && !cameras.value.size;
    const kind = missing ? `missing ${this.#large}` : none ? "none" : loaded.value ? "" : "loading";
    this.#empty.hidden = !kind || kind === "loading";
    this.#grid.hidden = !this.#empty.hidden;
    if (this.#empty.dataset.kind === kind) return;
    this.#empty.dataset.kind = kind;
    this.#empty.replaceChildren(...(missing ? this.#noSuch() : none ? this.#nothing() : []));
  }

  #nothing() {
    return [
      icon("mark"), h("h2", {}, "No cameras yet"),
      h("p", {}, "Live pictures with boxes around people and vehicles appear here as soon as there is a camera."),
      h("button.main", { onclick: addCamera }, "Add a camera"),
    ];
  }

  #noSuch() {
    return [h("h2", {}, "No such camera"), h("p", {}, `There is no camera called ${this.#large}. It may have been removed.`), h("a.main", { href: "#/live" }, "All cameras")];
  }
}
