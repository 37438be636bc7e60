import { pictureUrl, camera as at } from "./api.js";
import { edit } from "./cameraform.js";
import { detect, nameOf, pace, remove, start, stop } from "./cameras.js";
import { h, mark, write } from "./dom.js";
import { icon } from "./icons.js";

const button = (name, label, onclick) => h("button.tool", { type: "button", "aria-label": label, title: label, onclick }, icon(name));

/** What can be done with a camera, as a bar over its picture. Answers { node, update() }. */
export function controls(camera) {
  const name = nameOf(camera);
  const power = button("stop", `Stop ${name}`, () => (camera.view.enabled ? stop(camera) : start(camera)));
  const detection = button("detect", `Detection in ${name}`, () => detect(camera, !camera.view.detection));
  const value = h("output", {});
  const slider = h("input", {
    type: "range", min: 1, max: 30, step: 1, "aria-label": `Detections a second in ${name}`,
    oninput: () => write(value, `${slider.value}/s`),
    onchange: () => pace(camera, Number(slider.value)),
  });
  const picture = h("a.tool", { target: "_blank", rel: "noopener", "aria-label": `Picture of ${name}, in a new tab`, title: "Picture in a new tab" }, icon("snapshot"));
  const node = h("div.controls", {},
    power, detection, h("label.pace", { title: "Detections a second" }, slider, value), picture,
    button("edit", `Edit ${name}`, () => edit(camera)), button("remove", `Remove ${name}`, () => remove(camera)),
  );

  function update() {
    const { enabled, detection: detecting, fps } = camera.view;
    const label = `${enabled ? "Stop" : "Start"} ${name}`;
    if (power.title !== label) power.replaceChildren(icon(enabled ? "stop" : "start"));
    power.title = label;
    mark(power, "aria-label", label);
    mark(detection, "aria-pressed", String(detecting));
    detection.title = detecting ? "Detection is on" : "Detection is off";
    if (document.activeElement !== slider) slider.value = fps;
    write(value, `${slider.value}/s`);
    slider.disabled = !detecting;
    picture.href = pictureUrl(at(camera.key, "picture.jpg"));
  }
  return { node, update };
}
