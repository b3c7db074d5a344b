// Reads a plot's values under the pointer, or where the arrow keys have moved: from the lines themselves and their scale.

import { local } from "times";

const WIDE = 1000;
const HIGH = 300;
const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -50, PageDown: 50, Home: -Infinity, End: Infinity };

/** [[x, y], ...] of a line; of an area its upper edge, before it turns back. */
function pointsOf(line) {
  const points = line
    .getAttribute("points")
    .split(" ")
    .map((pair) => pair.split(",").map(Number));
  const turn = points.findIndex(([x], i) => i > 0 && x < points[i - 1][0]);
  return turn < 0 ? points : points.slice(0, turn);
}

function nearest(points, x) {
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < x) low = middle;
    else high = middle;
  }
  return x - points[low][0] < points[high][0] - x ? low : high;
}

/** What a figure's lines say at a point of the first of them. */
function reader(lines, { start, end, low, high, unit }) {
  const [from, to, least, most] = [start, end, low, high].map(Number);
  // A pixel of the plot is this much: more decimals would pretend.
  const decimals = Math.max(0, Math.min(8, Math.ceil(-Math.log10((most - least) / HIGH))));
  const format = new Intl.NumberFormat("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return (x) => {
    const values = lines.map(({ name, points }) => {
      const [, y] = points[nearest(points, x)];
      return `${name}: ${format.format(most - (y / HIGH) * (most - least)).replace("-", "−")}${unit}`;
    });
    return [local(new Date(from + (x / WIDE) * (to - from))), ...values].join(" · ");
  };
}

const known = new WeakSet();

function read(figure) {
  known.add(figure);
  const svg = figure.querySelector(".plot-area");
  const output = figure.querySelector(".plot-read");
  const lines = [...svg.querySelectorAll("[data-name]")].map((line) => ({
    name: line.dataset.name,
    points: pointsOf(line),
  }));
  if (!lines.length) return;
  const words = reader(lines, output.dataset);
  const cursor = document.createElementNS(svg.namespaceURI, "path");
  cursor.setAttribute("class", "plot-cursor");
  const { points } = lines[0];
  let at = points.length - 1;

  const show = (place) => {
    at = Math.max(0, Math.min(points.length - 1, place));
    const [x] = points[at];
    cursor.setAttribute("d", `M${x} 0V${HIGH}`);
    svg.append(cursor);
    output.textContent = words(x);
  };
  const leave = () => {
    cursor.remove();
    output.textContent = "";
  };
  listen(figure, svg, { points, show, leave, from: () => at });
}

function listen(figure, svg, { points, show, leave, from }) {
  figure.tabIndex = 0;
  svg.addEventListener("pointermove", ({ clientX }) => {
    const box = svg.getBoundingClientRect();
    show(nearest(points, ((clientX - box.left) / box.width) * WIDE));
  });
  svg.addEventListener("pointerleave", leave);
  figure.addEventListener("blur", leave);
  figure.addEventListener("focus", () => show(from()));
  figure.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.shiftKey) return;
    event.preventDefault();
    show(from() + KEYS[event.key]);
  });
}

function readAll() {
  for (const figure of document.querySelectorAll(".plot:has(.plot-read)")) {
    if (!known.has(figure)) read(figure);
  }
}

readAll();
document.addEventListener("htmx:afterSwap", readAll);
