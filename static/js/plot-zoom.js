// Zoom and pan of a plot that the server draws: the wheel and the drag only stretch what is there, then the server draws it.
// The links below do the same without a pointer or a script; a plot's keys follow these links.

import { meansZoom } from "chart-moves";

const WIDE = 1000;
const SETTLED = 180; // milliseconds after the last move
const STEP = 1.0015; // of the length, per pixel of the wheel
const KEYS = { "+": "closer", "=": "closer", "-": "wider", "−": "wider", 0: "all" };
const WITH_SHIFT = { ArrowLeft: "earlier", ArrowRight: "later" };

const figureOf = (target) => target.closest?.("[data-zoom]");
const views = new WeakMap();
let settling = null;
let drag = null;

/** What the figure shows, and what it may show, in ms. */
function viewOf(figure) {
  if (!views.has(figure)) {
    const { start, end } = figure.querySelector(".plot-read").dataset;
    const drawn = { start: Number(start), end: Number(end) };
    views.set(figure, {
      drawn,
      ...drawn,
      first: Number(figure.dataset.first),
      last: Number(figure.dataset.last),
    });
  }
  return views.get(figure);
}

function move(figure, start, end) {
  const view = viewOf(figure);
  const length = Math.min(end - start, view.last - view.first);
  view.start = Math.min(Math.max(start, view.first), view.last - length);
  view.end = view.start + length;
  const unit = (view.drawn.end - view.drawn.start) / WIDE;
  const svg = figure.querySelector(".plot-area");
  svg.setAttribute("viewBox", `${(view.start - view.drawn.start) / unit} 0 ${length / unit} 300`);
  svg.classList.add("plot-moving");
  clearTimeout(settling);
  settling = setTimeout(() => draw(figure), SETTLED);
}

function draw(figure) {
  if (drag) return;
  const { start, end } = viewOf(figure);
  const query = `start=${Math.round(start)}&end=${Math.round(end)}`;
  const source = document.querySelector("#price-plot .chart-moves"); // whose newest request replaces the one before
  htmx.ajax("GET", `${figure.dataset.zoom}?${query}`, { source, target: "#price-plot", swap: "outerHTML" });
}

document.addEventListener(
  "wheel",
  (event) => {
    const figure = event.target.closest?.("[data-zoom] .plot-area") && figureOf(event.target);
    if (!figure || !meansZoom(event, figure)) return;
    event.preventDefault();
    const view = viewOf(figure);
    const box = figure.querySelector(".plot-area").getBoundingClientRect();
    const length = view.end - view.start;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = (event.deltaX / box.width) * length;
      return move(figure, view.start + by, view.end + by);
    }
    const factor = STEP ** event.deltaY;
    const at = view.start + ((event.clientX - box.left) / box.width) * length;
    move(figure, at - (at - view.start) * factor, at + (view.end - at) * factor);
  },
  { passive: false },
);

document.addEventListener("pointerdown", ({ target, clientX, button, pointerType }) => {
  const svg = target.closest?.("[data-zoom] .plot-area");
  if (!svg || button || pointerType === "touch") return; // a finger scrolls the page; it has the links
  const { start, end } = viewOf(figureOf(svg));
  drag = { figure: figureOf(svg), clientX, start, end, wide: svg.getBoundingClientRect().width };
});
document.addEventListener("pointermove", ({ clientX }) => {
  if (!drag || clientX === drag.clientX) return;
  const by = ((drag.clientX - clientX) / drag.wide) * (drag.end - drag.start);
  move(drag.figure, drag.start + by, drag.end + by);
});
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => {
    const figure = drag?.figure;
    drag = null;
    if (!figure || viewOf(figure).start === viewOf(figure).drawn.start) return;
    clearTimeout(settling);
    draw(figure);
  });
}

document.addEventListener("keydown", (event) => {
  const name = event.shiftKey && event.key in WITH_SHIFT ? WITH_SHIFT[event.key] : KEYS[event.key];
  if (!name || event.ctrlKey || event.metaKey || event.altKey || !figureOf(event.target)) return;
  event.preventDefault();
  document.getElementById(`price-${name}`)?.click();
});

// Who moved by keys goes on by keys: the new figure is focused as the old one was.
let focused = false;
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.id === "price-plot") focused = Boolean(document.activeElement?.matches("[data-zoom]"));
});
document.addEventListener("htmx:afterSwap", () => {
  if (focused) document.querySelector("[data-zoom]")?.focus();
  focused = false;
});
