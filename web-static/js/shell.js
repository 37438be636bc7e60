import { locked } from "./api.js";
import { second } from "./clock.js";
import { h, mark, write } from "./dom.js";
import { icon } from "./icons.js";
import { link } from "./store.js";
import { span } from "./words.js";

const PLACES = [["live", "Live"], ["alerts", "Alerts"], ["fleet", "Fleet"], ["settings", "Settings"]];

/** The rail with the places; onAdd and onHelp are its two buttons. Answers { node, at(place) }. */
export function rail({ onAdd, onHelp }) {
  const links = PLACES.map(([place, name]) => [place, h("a.place-link", { href: `#/${place}` }, icon(place), h("span", {}, name))]);
  const node = h("nav.rail", { "aria-label": "Places" },
    h("a.mark", { href: "#/live", "aria-label": "edged" }, icon("mark")),
    ...links.map(([, anchor]) => anchor),
    h("span.gap"),
    h("button.place-link", { onclick: onAdd, title: "Add a camera (a)" }, icon("add"), h("span", {}, "Add")),
    h("button.place-link.help", { onclick: onHelp, title: "Keys (?)" }, icon("help"), h("span", {}, "Keys")));
  return { node, at: (place) => links.forEach(([name, anchor]) => mark(anchor, "aria-current", name === place ? "page" : null)) };
}

/** A quiet line over everything while the gateway is out of reach, or lets nobody in without a key. */
export function linkBar({ onRetry, onKey }) {
  const text = h("span", {});
  const button = h("button.quiet", { onclick: () => (locked.value ? onKey() : onRetry()) });
  const node = h("div.linkbar", { hidden: true }, icon("warning"), text, button);
  const update = () => {
    const { meta, since, cause } = link.value;
    const lost = meta === "lost";
    if (node.hidden === lost) node.hidden = !lost;
    document.body.classList.toggle("lost", lost);
    if (!lost) return;
    const silence = `No connection for ${span((performance.now() - since) / 1000)}.`;
    write(text, locked.value ? "This edged wants its API key." : `${silence} ${cause} Trying again by itself.`);
    write(button, locked.value ? "Type it" : "Try now");
  };
  link.watch(update);
  second.watch(update);
  return node;
}

