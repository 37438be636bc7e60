import { signal } from "./signal.js";

function parse() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [place, ...rest] = path.split("/").map(decodeURIComponent);
  return { place: place || "live", id: rest.join("/"), query: Object.fromEntries(new URLSearchParams(query)) };
}

/** Where we are: { place, id, query }. */
export const route = signal(parse());

addEventListener("hashchange", () => (route.value = parse()));

/** The address of a place within the viewer. */
export function to(place, id = "", query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const search = new URLSearchParams(given).toString();
  return `#/${place}${id && `/${encodeURIComponent(id)}`}${search && `?${search}`}`;
}

export function go(place, id, query) {
  location.hash = to(place, id, query);
}
