import { call } from "./api.js";
import { add, change, nameOf } from "./cameras.js";
import { field, open } from "./dialog.js";
import { h } from "./dom.js";
import { nodes } from "./store.js";
import { toast } from "./toast.js";
import { codecName, decimal } from "./words.js";

const EXAMPLE = "rtsp://user:password@192.168.1.20/stream1";
const draft = { url: "", name: "", fps: "5", node: "" }; // what was typed last, until it became a camera

function fields(values) {
  const url = field("URL", h("input", { type: "text", required: true, placeholder: EXAMPLE, value: values.url, autocomplete: "off", spellcheck: "false", inputmode: "url", autofocus: true }), "RTSP, HTTP or MJPEG");
  const name = field("Name", h("input", { type: "text", placeholder: "Front door", value: values.name, autocomplete: "off", maxlength: 64 }), "As it is shown on the tile");
  const fps = field("Detections a second", h("input", { type: "number", min: 1, max: 30, step: 1, value: values.fps, inputmode: "numeric" }), "1 to 30; 5 is plenty for people");
  return { url, name, fps };
}

/** Asks for a new camera. */
export function addCamera() {
  const form = fields(draft);
  const names = [...nodes.value.keys()];
  const box = names.length > 1 && field("Box", h("select", {}, ...names.map((name) => h("option", { value: name, selected: name === draft.node }, name))), "The box that opens the camera");
  const keep = () => Object.assign(draft, { url: form.url.input.value, name: form.name.input.value, fps: form.fps.input.value, node: box ? box.input.value : "" });
  const send = async () => {
    keep();
    const [site, node] = draft.node.split(".");
    const view = await add({ url: draft.url.trim(), name: draft.name.trim(), fps: Number(draft.fps), ...(node && { site, node }) });
    Object.assign(draft, { url: "", name: "" });
    toast({ text: `${view.name || view.id} added` });
  };
  show("Add a camera", "Add", form, send, box).addEventListener("input", keep);
}

/** Changes what a camera is. A URL left as it is keeps its password. */
export function edit(camera) {
  const { url, name, fps } = camera.view;
  const form = fields({ url, name, fps });
  const send = async () => {
    const typed = form.url.input.value.trim();
    await change(camera.key, { name: form.name.input.value.trim(), fps: Number(form.fps.input.value), ...(typed !== url && { url: typed }) });
    toast({ text: `${nameOf(camera)} saved` });
  };
  show(`Edit ${nameOf(camera)}`, "Save", form, send, null);
}

function show(heading, verb, form, send, box) {
  const result = h("div.probe", { role: "status" });
  const test = h("button.quiet", { type: "button", onclick: () => busy(test, () => probe(form, box, result)) }, "Test");
  const submit = h("button.main", { type: "submit" }, verb);
  const body = h("form", { novalidate: true }, form.url.node, result, form.name.node, form.fps.node, box && box.node, h("footer", {}, test, submit));
  const { close } = open(heading, body);
  body.addEventListener("submit", (event) => {
    event.preventDefault();
    if (complete(form)) busy(submit, () => send().then(close, (error) => blame(form, error)));
  });
  return body;
}

function complete({ url, fps }) {
  if (!url.input.value.trim()) url.fail(`Type the camera's address, such as ${EXAMPLE}`);
  else if (!fps.input.checkValidity()) fps.fail("A number from 1 to 30");
  else return true;
  (url.input.value.trim() ? fps : url).input.focus();
  return false;
}

/** Shows the error at the field it speaks of. */
function blame(form, error) {
  const about = { name: /^(body\.)?(name|id)\b|already/i, fps: /^(body\.)?fps\b/i };
  const which = Object.keys(about).find((name) => about[name].test(error.message)) ?? "url";
  form[which].fail(error.message);
  form[which].input.focus();
}

async function busy(button, work) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  await work();
  button.disabled = false;
  button.removeAttribute("aria-busy");
}

async function probe(form, box, result) {
  const url = form.url.input.value.trim();
  if (!url) return form.url.fail(`Type the camera's address, such as ${EXAMPLE}`);
  form.url.fail("");
  result.replaceChildren(h("p.busy", {}, "Opening the stream…"));
  try {
    const found = await call("api/probe", { method: "POST", body: { url, ...(box && { node: box.input.value.split(".")[1] }) } });
    result.replaceChildren(facts(found));
  } catch (error) {
    result.replaceChildren();
    form.url.fail(error.message);
  }
}

function facts({ codec, profile, width, height, fps, latency, audio, decoder }) {
  const lines = [
    ["Video", [codecName(codec), profile].filter(Boolean).join(" ")], ["Size", `${width} × ${height}`], ["Frame rate", `${decimal(fps)} fps`],
    ["First picture", `after ${decimal(latency)} s`], ["Sound", audio || "none"], ["Decoder", decoder],
  ];
  return h("dl", {}, ...lines.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}
