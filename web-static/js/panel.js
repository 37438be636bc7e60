import { alertCard } from "./alertcard.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { alerts, choose, settings } from "./store.js";

const SHOWN = 20;

/** The newest alerts, beside the live pictures. onWidth is told when it appears or goes. */
export function alertPanel(onWidth) {
  const list = h("div.list");
  const close = h("button.bare", { "aria-label": "Hide the alerts", title: "Hide (p)", onclick: () => choose({ panel: false }) }, icon("close"));
  const node = h("aside.panel", { "aria-label": "Newest alerts", hidden: true }, h("header", {}, h("h2", {}, "Alerts"), close), list);
  const cards = new Map();

  function update() {
    const shown = alerts.value.slice(0, SHOWN);
    const hidden = !shown.length || !settings.value.panel;
    if (!hidden) fill(shown);
    if (hidden !== node.hidden) {
      node.hidden = hidden;
      onWidth();
    }
  }

  function fill(shown) {
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, card] of cards) {
      if (ids.has(id)) continue;
      card.remove();
      cards.delete(id);
    }
    for (const alert of [...shown].reverse()) {
      if (cards.has(alert.id)) continue;
      const card = alertCard(alert);
      cards.set(alert.id, card);
      list.prepend(card);
    }
  }

  alerts.watch(update);
  settings.watch(update);
  return node;
}
