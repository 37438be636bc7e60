import { call } from "./api.js";
import { nameOf, slugOf } from "./cameras.js";
import { second } from "./clock.js";
import { h, mark, write } from "./dom.js";
import { icon } from "./icons.js";
import { to } from "./routes.js";
import { cameras, nodes, take } from "./store.js";
import { codecName, decimal, megabits, span, stateOf } from "./words.js";

const ASK = 5; // seconds between looks at the gateway's own health
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
const share = (value) => `${Math.round(value * 100)} %`;

const NODE_COLUMNS = [
  ["Box", ({ health }) => `${health.site} / ${health.node}`], ["Version", ({ health }) => health.version],
  ["Up for", ({ health }) => span(health.uptime)], ["Cameras", ({ health }) => health.cameras],
  ["Model", ({ health }) => health.model], ["Runs on", ({ health }) => `${health.runtime}, ${health.device}`],
  ["Detector busy", ({ health }) => share(health.detector_busy)], ["Cores", ({ health }) => decimal(health.cpu, 2)],
  ["Memory", ({ health }) => megabytes(health.rss)], ["Loop lag", ({ health }) => `${decimal(health.loop_lag_ms)} ms`],
  ["Facts to send", ({ health }) => health.outbox_pending], ["Heard", ({ heard }) => `${span((performance.now() - heard) / 1000)} ago`],
];
const unless = (health, text) => (health ? text(health) : "–");
const CAMERA_COLUMNS = [
  ["Camera", (camera) => h("a", { href: to("live", slugOf(camera)) }, nameOf(camera))], ["Box", ({ view }) => view.node],
  ["State", (camera) => state(camera)], ["Video", ({ health }) => unless(health, ({ codec, width, height }) => (codec ? `${codecName(codec)} ${width} × ${height}` : "–"))],
  ["Frames", ({ health }) => unless(health, ({ fps }) => `${decimal(fps)} fps`)], ["Looked at", ({ view, health }) => unless(health, ({ detect_fps }) => (view.detection ? `${decimal(detect_fps)} of ${view.fps}/s` : "off"))],
  ["Rate", ({ health }) => unless(health, ({ bitrate }) => megabits(bitrate))], ["Age", ({ health }) => unless(health, ({ age_ms }) => `${Math.round(age_ms)} ms`)],
  ["Opened again", ({ health }) => unless(health, ({ reconnects }) => reconnects)], ["Decoder", ({ health }) => unless(health, ({ decoder }) => decoder || "–")],
];

function state(camera) {
  const { tone, word, detail } = stateOf(camera);
  return h("span.status", { title: detail || word }, h("i.dot", { "data-tone": tone }), word);
}

/** A table whose cells change only where their text does. `columns`: [heading, cell(row)]. */
function table(caption, columns) {
  const body = h("tbody");
  const head = h("thead", {}, h("tr", {}, ...columns.map(([name]) => h("th", { scope: "col" }, name))));
  const node = h("div.scroll", { tabindex: 0, role: "region", "aria-label": caption }, h("table", {}, h("caption.unseen", {}, caption), head, body));
  const update = (rows) => {
    while (body.rows.length > rows.length) body.lastChild.remove();
    while (body.rows.length < rows.length) body.append(h("tr", {}, ...columns.map(([name]) => h("td", { "data-name": name }))));
    rows.forEach((row, index) => columns.forEach(([, cell], column) => put(body.rows[index].cells[column], cell(row))));
  };
  return { node, update };
}

function put(cell, content) {
  if (!(content instanceof Node)) return write(cell, String(content));
  if (cell.firstChild?.isEqualNode(content)) return;
  cell.replaceChildren(content);
}

/** The boxes and cameras, and how they do. */
export class Fleet {
  #here = false;
  #round = 0;
  #boxes = table("Boxes", NODE_COLUMNS);
  #cameras = table("Cameras", CAMERA_COLUMNS);
  #gateway = h("p.summary");
  #notices = h("ul.notices");
  #none = h("p.hint", {}, "A box appears here once its edged is connected to the same NATS server as this gateway.");
  node = h("section.place.fleet", { "aria-label": "Fleet" }, h("header", {}, h("h1", {}, "Fleet"), this.#gateway), this.#notices,
    h("h2", {}, "Boxes"), this.#none, this.#boxes.node, h("h2", {}, "Cameras"), this.#cameras.node);

  constructor() {
    second.watch(() => this.#here && this.#tick());
  }

  show() {
    this.#here = true;
    this.#round = 0;
    this.#tick();
  }

  leave() {
    this.#here = false;
  }

  #tick() {
    if (this.#round++ % ASK === 0) this.#ask();
    const boxes = [...nodes.value.values()];
    this.#boxes.update(boxes);
    this.#cameras.update([...cameras.value.values()]);
    this.#none.hidden = boxes.length > 0;
    this.#boxes.node.hidden = !boxes.length;
    this.#notice(boxes.flatMap(({ health }) => [...(health.troubles ?? []), ...health.notices].map((text) => `${health.node}: ${text}`)));
  }

  #notice(texts) {
    if (this.#notices.dataset.of === texts.join("\n")) return;
    this.#notices.dataset.of = texts.join("\n");
    this.#notices.replaceChildren(...texts.map((text) => h("li", {}, icon("info"), text)));
  }

  async #ask() {
    try {
      const { status, version, uptime, bus, nodes: known, gateway } = await call("api/health");
      known.filter(({ site, node }) => !nodes.value.has(`${site}.${node}`)).forEach((health) => take({ ...health, type: "node_health" }));
      const server = bus.connected ? `NATS ${bus.server}${bus.url ? ` at ${bus.url}` : ""}` : "not connected to NATS";
      write(this.#gateway, `Gateway ${version}: ${status}, up for ${span(uptime)}, ${server}, ${gateway.websocket_clients} live connections`);
      mark(this.#gateway, "data-tone", status === "ok" ? null : "warning");
    } catch (error) {
      write(this.#gateway, error.message);
      mark(this.#gateway, "data-tone", "warning");
    }
  }
}
