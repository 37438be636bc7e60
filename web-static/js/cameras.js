import { call, camera as at } from "./api.js";
import { signal } from "./signal.js";
import { cameras, loaded } from "./store.js";
import { failed, toast } from "./toast.js";

const UNDO = 8; // seconds
const PAGE = 200;
const leaving = new Map(); // key → timer: taken off the screen, not yet off the box

let reading = null;

/** Reads the list of cameras; callers at the same time share one reading. */
export function refresh() {
  reading ??= read().finally(() => (reading = null));
  return reading;
}

async function read() {
  const views = [];
  for (let page = 1; ; page++) {
    const answer = await call("api/cameras", { query: { page, limit: PAGE } });
    views.push(...answer.cameras);
    if (views.length >= answer.total || !answer.cameras.length) break;
  }
  const now = performance.now();
  const before = cameras.value;
  cameras.value = new Map(views.filter(({ key }) => !leaving.has(key)).map((view) => [view.key, entry(view, before.get(view.key), now)]));
  if (!loaded.value) loaded.value = true;
  for (const { changed } of cameras.value.values()) changed.touch();
}

function entry(view, known, now) {
  const camera = known ?? { key: view.key, health: null, heard: 0, changed: signal(null) };
  camera.view = view;
  if (view.health && (!camera.health || view.health.time > camera.health.time)) {
    camera.health = view.health;
    camera.heard = now;
  }
  return camera;
}

function put(view) {
  const known = cameras.value.get(view.key);
  const camera = entry(view, known, performance.now());
  if (known) return camera.changed.touch();
  cameras.value = new Map([...cameras.value, [view.key, camera]]);
}

/** Adds a camera; answers its View, ApiError when refused. */
export async function add(fields) {
  const view = await call("api/cameras", { method: "POST", body: fields });
  put(view);
  return view;
}

export async function change(key, fields) {
  put(await call(at(key), { method: "PATCH", body: fields }));
}

/** Shows `fields` at once, asks for them, and takes them back when refused. */
async function ask(camera, verb, body, fields) {
  const before = camera.view;
  camera.view = { ...before, ...fields };
  camera.changed.touch();
  try {
    put(await call(at(camera.key, verb), { method: "POST", body }));
  } catch (error) {
    camera.view = before;
    camera.changed.touch();
    failed(nameOf(camera), error);
  }
}

export const start = (camera) => ask(camera, "start", undefined, { enabled: true });
export const stop = (camera) => ask(camera, "stop", undefined, { enabled: false });
export const detect = (camera, enabled) => ask(camera, "detection", { enabled }, { detection: enabled });
export const pace = (camera, fps) => ask(camera, "fps", { fps }, { fps });

/** Takes a camera off the screen now and off its box in eight seconds, unless it is undone. */
export function remove(camera) {
  const { key } = camera;
  leaving.set(key, setTimeout(() => send(), UNDO * 1000));
  cameras.value = new Map([...cameras.value].filter(([other]) => other !== key));
  const back = () => {
    clearTimeout(leaving.get(key));
    leaving.delete(key);
    refresh().catch((error) => failed(nameOf(camera), error));
  };
  const close = toast({ text: `${nameOf(camera)} removed`, seconds: UNDO, countdown: true, action: { label: "Undo", run: back } });
  const send = async () => {
    close();
    try {
      await call(at(key), { method: "DELETE" });
      leaving.delete(key);
    } catch (error) {
      back();
      failed(`${nameOf(camera)} is still there`, error);
    }
  };
}

addEventListener("pagehide", () => {
  for (const [key, timer] of leaving) {
    clearTimeout(timer);
    call(at(key), { method: "DELETE", keepalive: true }).catch(() => {});
  }
  leaving.clear();
});

export const nameOf = ({ view }) => view.name || view.id;

/** The shortest name a link can use for it. */
export function slugOf(camera) {
  const same = [...cameras.value.values()].filter((other) => other.view.id === camera.view.id);
  return same.length > 1 ? camera.key : camera.view.id;
}

export function bySlug(slug) {
  return cameras.value.get(slug) ?? [...cameras.value.values()].find((camera) => camera.view.id === slug);
}
