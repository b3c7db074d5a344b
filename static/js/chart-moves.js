// Zoom and pan of a price chart by buttons and keys; wheel, drag and pinch are the chart's own. The wheel scrolls the
// page, as everywhere, until it is meant for the chart.

const MOVES = { earlier: [-0.5, -0.5], later: [0.5, 0.5], closer: [0.25, -0.25], wider: [-0.5, 0.5] }; // of its length
const KEYS = {
  ArrowLeft: "earlier",
  ArrowRight: "later",
  "+": "closer",
  "=": "closer",
  "-": "wider",
  "−": "wider",
  0: "all",
  Home: "all",
};
const FEWEST = 10; // candles

function move(chart, name) {
  const scale = chart.timeScale();
  if (name === "all") {
    chart.priceScale("right").applyOptions({ autoScale: true });
    return scale.fitContent();
  }
  const shown = scale.getVisibleLogicalRange();
  if (!shown) return;
  const length = shown.to - shown.from;
  if (name === "closer" && length <= FEWEST) return;
  const [first, last] = MOVES[name];
  scale.setVisibleLogicalRange({ from: shown.from + first * length, to: shown.to + last * length });
}

/** The chart was chosen by a click or the keyboard, or a key says that it is meant. */
export function meansZoom(event, root) {
  return event.ctrlKey || event.metaKey || root.contains(document.activeElement);
}

function holdWheel(root, chart) {
  const set = (mouseWheel) => {
    chart.applyOptions({ handleScroll: { mouseWheel }, handleScale: { mouseWheel } });
    return mouseWheel;
  };
  let held = set(false);
  const decide = (event) => {
    const meant = meansZoom(event, root);
    if (meant !== held) held = set(meant);
  };
  root.addEventListener("wheel", decide, { capture: true, passive: true });
}

export function addMoves(root, chart) {
  holdWheel(root, chart);
  root.parentElement.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-move]");
    if (button) move(chart, button.dataset.move);
  });
  root.addEventListener("keydown", (event) => {
    if (event.target !== root || !(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    event.preventDefault();
    move(chart, KEYS[event.key]);
  });
}
