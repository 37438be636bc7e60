// Places tiles so that every picture keeps its shape and none of the room goes to letterbox bars. Pure.

/** Contiguous rows of nearly equal length; the longer ones first or last. */
function splits(count, rows) {
  const short = Math.floor(count / rows);
  const extra = count % rows;
  const lengths = Array.from({ length: rows }, (_, row) => short + (row < extra ? 1 : 0));
  return extra ? [lengths, [...lengths].reverse()] : [lengths];
}

function rowsOf(lengths, aspects) {
  let start = 0;
  return lengths.map((length) => aspects.slice(start, (start += length)));
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** All rows get one width; it is the widest that fits. */
function fitted(rows, { width, height, gap, bar }) {
  const sums = rows.map(sum);
  const fixed = (rows.length - 1) * gap + rows.length * bar;
  const lost = sum(rows.map((row, index) => ((row.length - 1) * gap) / sums[index]));
  return Math.min(width, (height - fixed + lost) / sum(sums.map((value) => 1 / value)));
}

function placed(rows, rowWidth, { width, height, gap, bar }) {
  const rects = [];
  let y = 0;
  for (const row of rows) {
    const picture = (rowWidth - (row.length - 1) * gap) / sum(row);
    let x = (width - rowWidth) / 2;
    for (const aspect of row) {
      rects.push({ x, y, width: picture * aspect, height: picture + bar });
      x += picture * aspect + gap;
    }
    y += picture + bar + gap;
  }
  const top = Math.max(0, (height - (y - gap)) / 2);
  for (const rect of rects) rect.y += top;
  return { rects, height: Math.max(y - gap, 0) };
}

/** Picture area; tiles of very different sizes count less. */
function worth({ rects }, bar) {
  const areas = rects.map((rect) => rect.width * (rect.height - bar));
  return sum(areas) * (Math.min(...areas) / Math.max(...areas)) ** 0.2;
}

/**
 * Rectangles { x, y, width, height } for pictures of these aspects in a room { width, height, gap, bar, least }:
 * `bar` is the name bar's height, `least` the narrowest tile worth looking at. Where they don't fit, the room scrolls.
 */
export function arrange(aspects, room) {
  if (!aspects.length) return { rects: [], height: 0 };
  let best = null;
  for (let count = 1; count <= aspects.length; count++) {
    for (const lengths of splits(aspects.length, count)) {
      const rows = rowsOf(lengths, aspects);
      const rowWidth = fitted(rows, room);
      if (rowWidth <= 0) continue;
      const plan = placed(rows, rowWidth, room);
      if (plan.rects.some((rect) => rect.width < room.least)) continue;
      if (!best || worth(plan, room.bar) > worth(best, room.bar)) best = plan;
    }
  }
  return best ?? scrolled(aspects, room);
}

/** Rows as wide as the room, under each other; a last row that is not full keeps the size of a full one. */
function scrolled(aspects, { width, gap, bar, least }) {
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const rects = [];
  let y = 0;
  for (let start = 0; start < aspects.length; start += columns) {
    const row = aspects.slice(start, start + columns);
    const full = sum(row) * (columns / row.length);
    const picture = (width - (columns - 1) * gap) / full;
    let x = 0;
    for (const aspect of row) {
      rects.push({ x, y, width: picture * aspect, height: picture + bar });
      x += picture * aspect + gap;
    }
    y += picture + bar + gap;
  }
  return { rects, height: y - gap };
}
