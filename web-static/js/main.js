import { Alerts } from "./alerts.js";
import { call } from "./api.js";
import { addCamera } from "./cameraform.js";
import { refresh } from "./cameras.js";
import { second, visible } from "./clock.js";
import { h } from "./dom.js";
import { Fleet } from "./fleet.js";
import { herald } from "./herald.js";
import { explain, listen } from "./keys.js";
import { Live } from "./live.js";
import { askKey, watchLock } from "./lock.js";
import { Pictures } from "./pictures.js";
import { Preferences } from "./preferences.js";
import { go, route } from "./routes.js";
import { linkBar, rail } from "./shell.js";
import { alerts, cameras, choose, onStranger, settings } from "./store.js";
import { Stream } from "./stream.js";
import { toasts } from "./toast.js";

const REREAD = 30; // seconds between readings of the list, for cameras that others removed

const list = () => refresh().catch(() => {}); // the stream says in the bar what is wrong with the connection
const stream = new Stream(refresh);
const pictures = new Pictures();
const live = new Live(pictures);
const places = { live, alerts: new Alerts(), fleet: new Fleet(), settings: new Preferences() };
const side = rail({ onAdd: addCamera, onHelp: () => explain(keys) });
const main = h("main", { id: "main", tabindex: -1 }, ...Object.values(places).map(({ node }) => node));

function screenFull() {
  if (document.fullscreenElement) return document.exitFullscreen();
  const tile = live.current && document.querySelector(`[data-camera="${CSS.escape(live.current)}"]`);
  return (tile && route.value.id ? tile : document.documentElement).requestFullscreen();
}

const onLive = (run) => (event) => (route.value.place === "live" ? run(event) : false);
const keys = [
  { key: /^[1-9]$/, shown: "1 … 9", does: "Open a camera", run: ({ key }) => jump(Number(key)) },
  { key: "0", shown: "0", does: "All cameras", run: () => go("live") },
  { key: "Escape", shown: "Esc", does: "Back to all cameras", run: onLive(() => (route.value.id ? go("live") : false)) },
  { key: null, shown: "Enter", does: "Enlarge the camera in focus" },
  { key: "ArrowLeft", shown: "← → ↑ ↓", does: "From camera to camera", run: onLive((event) => move(event, -1)) },
  { key: "ArrowRight", run: onLive((event) => move(event, 1)) },
  { key: "ArrowUp", run: onLive((event) => move(event, -1, true)) },
  { key: "ArrowDown", run: onLive((event) => move(event, 1, true)) },
  { key: "f", shown: "f", does: "Full screen", run: screenFull },
  { key: "b", shown: "b", does: "Boxes", run: () => choose({ boxes: !settings.value.boxes }) },
  { key: "p", shown: "p", does: "Newest alerts beside the pictures", run: () => choose({ panel: !settings.value.panel }) },
  { key: "a", shown: "a", does: "Add a camera", run: addCamera },
  { key: "?", shown: "?", does: "This list", run: () => explain(keys) },
];

function move(event, by, rows) {
  if (event.target.closest("input")) return false;
  return live.step(by, rows);
}

function jump(number) {
  const key = [...cameras.value.keys()][number - 1];
  if (!key) return false;
  return live.open(key);
}

function show({ place, id, query }) {
  const chosen = places[place] ? place : "live";
  for (const [name, view] of Object.entries(places)) {
    view.node.hidden = name !== chosen;
    if (name !== chosen) view.leave();
  }
  side.at(chosen);
  places[chosen].show(id, query);
  document.title = chosen === "live" ? "edged" : `${chosen[0].toUpperCase()}${chosen.slice(1)} · edged`;
}

async function recent() {
  const found = await call("api/alerts", { query: { limit: 20 } }).catch(() => ({ alerts: [] }));
  const known = new Set(alerts.value.map(({ id }) => id));
  alerts.value = [...alerts.value, ...found.alerts.filter(({ id }) => !known.has(id))];
}

/** Opens everything anew whenever it is another gateway, or another key. */
function connect() {
  let gateway = null;
  settings.watch(({ apiBase, apiKey, theme }) => {
    document.documentElement.dataset.theme = theme;
    if (gateway === `${apiBase} ${apiKey}`) return;
    const another = gateway !== null;
    gateway = `${apiBase} ${apiKey}`;
    if (another) alerts.value = [];
    stream.retry();
    pictures.stop();
    pictures.start();
    recent();
  });
}

document.body.append(side.node, h("div.stack", {}, linkBar({ onRetry: () => stream.retry(), onKey: askKey }), main), ...toasts);
listen(keys);
watchLock();
herald(() => route.value.place === "alerts" || (route.value.place === "live" && live.node.querySelector(".panel:not([hidden])")?.offsetParent));
route.watch(show);
onStranger(list);
let seconds = 0;
second.watch(() => ++seconds % REREAD === 0 && list());
visible.watch((looked) => looked && list());
connect();
