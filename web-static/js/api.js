import config from "../config.js";
import { settings } from "./store.js";
import { signal } from "./signal.js";

/** True while the gateway wants a key that we do not have. */
export const locked = signal(false);

/** What the gateway refused, in its own words. `code` is "offline" when it was not reached at all. */
export class ApiError extends Error {
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

function base() {
  const chosen = settings.value.apiBase || config.apiBase;
  return chosen ? chosen.replace(/\/*$/, "/") : new URL(".", document.baseURI).href;
}

/** The address of `path` ("api/…"), without the key. */
function address(path, query = {}) {
  const url = new URL(path.replace(/^\//, ""), base());
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value != null) url.searchParams.set(name, value);
  }
  return url;
}

function withKey(url) {
  if (settings.value.apiKey) url.searchParams.set("api_key", settings.value.apiKey);
  return url.href;
}

/** For <img> and links, which cannot carry a header. */
export const pictureUrl = (path, query) => withKey(address(path, query));

/** WebSockets cannot carry a header either. */
export const socketUrl = (path, query) => withKey(address(path, query)).replace(/^http/, "ws");

/** The answer to a request; ApiError when there is none or it is a refusal. */
export async function request(path, { method = "GET", query, body, keepalive, signal: abort } = {}) {
  const headers = {};
  if (settings.value.apiKey) headers["x-api-key"] = settings.value.apiKey;
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    response = await fetch(address(path, query), { method, headers, body: payload, keepalive, signal: abort, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("edged does not answer. Is it running, and is this machine on its network?", "offline", 0);
  }
  if (!response.ok) throw await refusal(response);
  if (locked.value) locked.value = false;
  return response;
}

export async function call(path, options) {
  const response = await request(path, options);
  return response.status === 204 ? null : response.json();
}

async function refusal(response) {
  const error = (await response.json().catch(() => ({}))).error ?? {};
  if (response.status === 401 && !locked.value) locked.value = true;
  return new ApiError(error.message ?? `edged answered ${response.status} ${response.statusText}.`, error.code ?? "", response.status);
}

export const camera = (key, verb = "") => `api/cameras/${encodeURIComponent(key)}${verb && `/${verb}`}`;

/** Where an alert's picture is, or "" when it has none. */
export function snapshotUrl(alert) {
  if (alert.snapshot_url) return pictureUrl(alert.snapshot_url);
  return alert.snapshot ? pictureUrl(`api/snapshots/${alert.snapshot.split("/").map(encodeURIComponent).join("/")}`) : "";
}

/** The same of its clip, which is there a while after the alert. */
export const clipUrl = (alert) => (alert.clip_url ? pictureUrl(alert.clip_url) : "");
