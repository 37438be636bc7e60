import { second } from "./clock.js";
import { h, mark, write } from "./dom.js";
import { icon } from "./icons.js";
import { link, loaded } from "./store.js";
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

/** A quiet line over everything while the gateway is out of reach. */
export function linkBar(onRetry) {
  const text = h("span", {});
  const node = h("div.linkbar", { role: "status", hidden: true }, icon("warning"), text, h("button.quiet", { onclick: onRetry }, "Try now"));
  const update = () => {
    const { meta, since, cause } = link.value;
    const lost = meta === "lost";
    if (node.hidden === lost) node.hidden = !lost;
    document.body.classList.toggle("lost", lost);
    if (lost) write(text, `${loaded.value ? `No connection for ${span((performance.now() - since) / 1000)}.` : "No connection."} ${cause} Trying again by itself.`);
  };
  link.watch(update);
  second.watch(update);
  return node;
}

