// Draws tracks on a canvas that lies over the picture.

const NARROW = 420; // px: a tile with less room gets numbers only, and smaller
const LARGE_PILL = { font: "600 11px system-ui, sans-serif", height: 17, inset: 13, dot: 2.75, letters: 28 };
const SMALL_PILL = { font: "600 10px system-ui, sans-serif", height: 14, inset: 10, dot: 2.25, letters: 12 };

// Hues keep clear of the warning's amber and the alarm's red.
const HUES = { person: 192, car: 262, truck: 262, bus: 262, motorcycle: 285, vehicle: 262, bicycle: 140, dog: 318, cat: 318, face: 215 };
const FREE = [150, 168, 205, 228, 246, 280, 300, 325];

function hueOf(label) {
  let hash = 0;
  for (const letter of label) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return HUES[label] ?? FREE[hash % FREE.length];
}

/** Colour by label, shaded a little by track so that neighbours can be told apart. */
const colourOf = (label, id) => `hsl(${hueOf(label) + ((id * 37) % 21) - 10} 88% ${72 + ((id * 53) % 4) * 3}%)`;

/** Who it is, where that is known; else what it is. */
function textOf({ name, label, id }, size) {
  if (!name) return size === SMALL_PILL ? `${id}` : `${label} ${id}`;
  const letters = [...name];
  return letters.length > size.letters ? `${letters.slice(0, size.letters - 1).join("")}…` : name;
}

export class Overlay {
  #canvas;
  #context;
  #widths = new Map(); // font and text → px, because measuring is slow
  #colours = new Map(); // "session id" → colour, so that a track whose label wavers keeps its own
  #session = "";
  #blank = true;
  width = 0;
  height = 0;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
  }

  /** Takes the size in CSS pixels; the canvas has the device's own. */
  resize(width, height, ratio) {
    this.width = width;
    this.height = height;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#blank = true;
  }

  clear() {
    if (this.#blank) return;
    this.#context.clearRect(0, 0, this.width, this.height);
    this.#blank = true;
  }

  /** tracks: as Timeline.at gives them; trail(id): points of a track; show: { boxes, pills, trails }. */
  draw(session, tracks, trail, show) {
    this.clear();
    if (!show.boxes || !tracks.length) return;
    if (session !== this.#session) {
      this.#session = session;
      this.#colours.clear();
    }
    this.#blank = false;
    const shown = tracks.map((track) => ({ ...track, colour: this.#colour(track), rect: this.#rect(track.box) }));
    if (show.trails) shown.forEach((track) => this.#trail(track, trail(track.id)));
    shown.forEach((track) => this.#ticks(track));
    if (show.pills) this.#pills(shown);
    this.#context.globalAlpha = 1;
  }

  #colour({ id, label }) {
    if (!this.#colours.has(id)) this.#colours.set(id, colourOf(label, id));
    return this.#colours.get(id);
  }

  #rect([x, y, w, h]) {
    return { x: x * this.width, y: y * this.height, w: w * this.width, h: h * this.height };
  }

  #ticks({ rect: { x, y, w, h }, colour, alpha }) {
    const context = this.#context;
    const arm = Math.max(3, Math.min(14, Math.min(w, h) * 0.24));
    context.beginPath();
    for (const [cx, cy, dx, dy] of [[x, y, 1, 1], [x + w, y, -1, 1], [x + w, y + h, -1, -1], [x, y + h, 1, -1]]) {
      context.moveTo(cx + dx * arm, cy);
      context.lineTo(cx, cy);
      context.lineTo(cx, cy + dy * arm);
    }
    context.lineJoin = context.lineCap = "round";
    context.globalAlpha = alpha * 0.5;
    context.strokeStyle = "#05080c";
    context.lineWidth = 3.5;
    context.stroke();
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = 1.75;
    context.stroke();
  }

  #trail({ colour, alpha, rect }, points) {
    const context = this.#context;
    const line = points.map(([x, y, age]) => [x * this.width, y * this.height, age]);
    line.push([rect.x + rect.w / 2, rect.y + rect.h, 0]);
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.lineCap = "round";
    for (let index = 1; index < line.length; index++) {
      const [x, y, age] = line[index];
      context.globalAlpha = alpha * 0.8 * Math.max(0, 1 - age);
      context.beginPath();
      context.moveTo(line[index - 1][0], line[index - 1][1]);
      context.lineTo(x, y);
      context.stroke();
    }
  }

  /** Oldest tracks choose their place first, so that a newcomer does not push them about; one on its way out takes what is left. */
  #pills(tracks) {
    const size = this.width < NARROW ? SMALL_PILL : LARGE_PILL;
    this.#context.font = size.font;
    const taken = [];
    for (const track of [...tracks].sort((a, b) => (b.alpha === 1) - (a.alpha === 1) || a.id - b.id)) {
      const text = textOf(track, size);
      const width = this.#measure(text) + size.inset + 5;
      const places = this.#places(track.rect, width, size.height);
      const free = places.find((place) => taken.every((other) => Math.abs(other.x - place.x) > (other.w + width) / 2 || Math.abs(other.y - place.y) > size.height));
      if (!free && track.alpha < 1) continue;
      const { x, y } = free ?? places[0] ?? { x: width / 2, y: size.height };
      taken.push({ x, y, w: width });
      this.#pill(text, x - width / 2, y - size.height / 2, width, size, track);
    }
  }

  /** Where a pill may have its middle: over the box, in its head, under it. */
  #places({ x, y, w, h }, width, height) {
    const middle = (left) => Math.min(this.width - width / 2 - 1, Math.max(width / 2 + 1, left + width / 2));
    const over = { x: middle(x), y: y - height / 2 - 3 };
    const inside = { x: middle(x + 3), y: y + height / 2 + 3 };
    const under = { x: middle(x), y: y + h + height / 2 + 3 };
    return [over, inside, under, { ...inside, x: middle(x + w - width) }].filter((place) => place.y > height / 2 && place.y < this.height - height / 2);
  }

  #measure(text) {
    const known = `${this.#context.font} ${text}`;
    if (!this.#widths.has(known)) this.#widths.set(known, this.#context.measureText(text).width);
    return this.#widths.get(known);
  }

  #pill(text, x, y, width, { height, inset, dot }, { colour, alpha }) {
    const context = this.#context;
    context.globalAlpha = alpha * 0.82;
    context.fillStyle = "#0a0e13";
    context.beginPath();
    context.roundRect(x, y, width, height, 5);
    context.fill();
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x + inset - 5.5, y + height / 2, dot, 0, 7);
    context.fill();
    context.fillStyle = "#f2f5f9";
    context.textBaseline = "middle";
    context.fillText(text, x + inset, y + height / 2 + 0.5);
  }
}
