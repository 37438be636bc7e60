import { alertCard, cameraName, clip, severity, when } from "./alertcard.js";
import { call, clipUrl } from "./api.js";
import { nameOf, refresh } from "./cameras.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { go, to } from "./routes.js";
import { cameras, keyOf, loaded, onNewAlert } from "./store.js";
import { absolute, span } from "./words.js";

const PAGE = 24;
const AROUND = 2000; // ms around an alert's time in which it is looked for

/** The alerts there were, and one of them alone. */
export class Alerts {
  #turn = 0;
  #shown = null; // { id, query }
  #body = h("div.body");
  #filters = h("div.filters");
  #title = h("h1", {}, "Alerts");
  node = h("section.place.alerts", { "aria-label": "Alerts" }, h("header", {}, this.#title, this.#filters), this.#body);

  constructor() {
    onNewAlert(() => this.#fresh());
    cameras.watch(() => this.#shown && !this.#shown.id && this.#buildFilters());
  }

  show(id, query) {
    this.#shown = { id, query };
    this.#filters.hidden = Boolean(id);
    return id ? this.#one(id, query) : this.#list();
  }

  leave() {
    this.#shown = null;
    this.#turn++;
  }

  /** A new alert is shown at once to who looks at the newest page. */
  #fresh() {
    if (this.#shown && !this.#shown.id && Number(this.#shown.query.page ?? 1) === 1) this.#list();
  }

  async #list() {
    const turn = ++this.#turn;
    const { camera = "", severity: level = "", page = 1 } = this.#shown.query;
    this.#buildFilters();
    this.#title.textContent = "Alerts";
    try {
      if (!loaded.value) await refresh(); // for the cameras' names
      const found = await call("api/alerts", { query: { cameraId: camera, severity: level, page, limit: PAGE } });
      if (turn !== this.#turn) return;
      this.#body.replaceChildren(...(found.alerts.length ? this.#found(found) : this.#none(camera || level)));
    } catch (error) {
      if (turn === this.#turn) this.#body.replaceChildren(h("p.trouble", {}, icon("warning"), error.message));
    }
  }

  #found({ alerts, total, page, limit }) {
    return [h("div.cards", {}, ...alerts.map(alertCard)), total > limit && this.#pages(Number(page), Math.ceil(total / limit), total)].filter(Boolean);
  }

  #pages(page, pages, total) {
    const { camera, severity: level } = this.#shown.query;
    const link = (label, target, name) => {
      const possible = target >= 1 && target <= pages;
      return possible ? h("a.quiet", { href: to("alerts", "", { camera, severity: level, page: target }), "aria-label": label }, icon(name)) : h("span.quiet.off", {}, icon(name));
    };
    return h("nav.pages", { "aria-label": "Pages" }, link("Newer alerts", page - 1, "back"), h("span", {}, `${page} of ${pages}`), link("Older alerts", page + 1, "next"), h("small", {}, `${total} alerts`));
  }

  #none(filtered) {
    if (filtered) return [h("div.empty", {}, h("h2", {}, "Nothing found"), h("p", {}, "No alert matches these filters."), h("a.main", { href: "#/alerts" }, "All alerts"))];
    return [h("div.empty", {}, icon("alerts"), h("h2", {}, "No alerts yet"), h("p", {}, "When a rule under [[alerts]] in edged.toml comes true, its picture and sentence appear here."), h("a.main", { href: "#/live" }, "Back to live"))];
  }

  #buildFilters() {
    const { camera = "", severity: level = "" } = this.#shown.query;
    const names = [...cameras.value].map(([key, entry]) => [key, nameOf(entry)]);
    const signature = JSON.stringify([camera, level, names]);
    if (this.#filters.dataset.of === signature) return;
    this.#filters.dataset.of = signature;
    const choice = (label, name, value, options) =>
      h("label", {}, h("span.unseen", {}, label), h("select", { onchange: (event) => go("alerts", "", { camera, severity: level, [name]: event.target.value }) },
        ...options.map(([key, text]) => h("option", { value: key, selected: key === value }, text))));
    const gone = camera && !names.some(([key]) => key === camera) ? [[camera, camera]] : [];
    this.#filters.replaceChildren(
      choice("Camera", "camera", camera, [["", "All cameras"], ...names, ...gone]),
      choice("Severity", "severity", level, [["", "Any severity"], ["alarm", "Alarm"], ["warning", "Warning"], ["info", "Info"]]),
    );
  }

  async #one(id, { camera, at }) {
    const turn = ++this.#turn;
    this.#title.textContent = "Alert";
    this.#body.replaceChildren();
    try {
      if (!loaded.value) await refresh();
      const alert = await find(id, camera, at);
      if (turn !== this.#turn) return;
      this.#title.textContent = alert ? alert.message : "Alert";
      this.#body.replaceChildren(alert ? detail(alert) : h("div.empty", {}, h("h2", {}, "No such alert"), h("p", {}, "It may be older than alerts are kept."), h("a.main", { href: "#/alerts" }, "All alerts")));
    } catch (error) {
      if (turn === this.#turn) this.#body.replaceChildren(h("p.trouble", {}, icon("warning"), error.message));
    }
  }
}

/** The gateway has no address for one alert: it is looked for around its time, or without one among the newest. */
async function find(id, camera, at) {
  const time = at && new Date(at).getTime();
  const around = time ? { from: new Date(time - AROUND).toISOString(), to: new Date(time + AROUND).toISOString() } : {};
  const { alerts } = await call("api/alerts", { query: { cameraId: camera, ...around, limit: 200 } });
  return alerts.find((alert) => alert.id === id);
}

function detail(alert) {
  const lasted = (new Date(alert.time) - new Date(alert.since)) / 1000;
  const known = cameras.value.get(keyOf(alert));
  const lines = [
    ["Severity", severity(alert)], ["Camera", known ? h("a", { href: to("live", known.key) }, cameraName(alert)) : cameraName(alert)],
    ["When", h("span", {}, absolute(alert.time), " · ", when(alert.time))], ["Rule", alert.rule], ["What", `${alert.label} ${alert.track}`],
    ["Seen for", `${span(lasted)} before the alert`], ["Box", `${alert.site} / ${alert.node}`],
  ];
  return h("div.detail", {},
    h("figure", {}, clip(alert)),
    h("div", {}, h("dl", {}, ...lines.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
      h("p.actions", {}, known && h("a.main", { href: to("live", known.key) }, "Live picture"), alert.clip_url && h("a.quiet", { href: clipUrl(alert), download: `${alert.id}.mp4` }, "Download clip"), h("a.quiet", { href: "#/alerts" }, "All alerts"))));
}
