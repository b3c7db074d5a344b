// Two lines across a chart that are dragged, or moved by arrow keys; each is one input's value. The input stays the
// truth: a handle writes into it as if somebody had typed.

import * as format from "format";

const STEPS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };

export class RangeHandles {
  #tick = 0;
  #price = 0;
  #dragged = null;

  /** inputs: {low, high}, two text inputs. */
  constructor(chart, inputs) {
    this.chart = chart;
    this.handles = [
      this.#make("high", inputs.high, "Upper end of the range"),
      this.#make("low", inputs.low, "Lower end of the range"),
    ];
    chart.onPaint(() => this.place());
  }

  setMarket({ price, tick }) {
    [this.#price, this.#tick] = [Number(price), Number(tick)];
    this.place();
  }

  show(shown) {
    for (const { root } of this.handles) root.hidden = !shown;
  }

  /** Where the inputs say; at the edge where the scale does not reach so far, so that they can always be taken. */
  place() {
    const height = this.chart.height;
    for (const { root, label, share, input } of this.handles) {
      const value = Number(input.value);
      const y = value > 0 ? this.chart.series.priceToCoordinate(value) : null;
      root.classList.toggle("handle-off", y === null);
      if (y === null) continue;
      root.style.top = `${Math.max(0, Math.min(height, y))}px`;
      const percent = this.#price ? (value / this.#price - 1) * 100 : 0;
      label.textContent = format.price(input.value);
      share.textContent = this.#price ? format.percent(percent.toFixed(2)) : "";
      root.setAttribute("aria-valuenow", String(value));
      root.setAttribute("aria-valuetext", `${label.textContent}, ${share.textContent} from the price`);
    }
  }

  #make(end, input, name) {
    const root = document.createElement("div");
    root.className = `handle handle-${end}`;
    root.tabIndex = 0;
    for (const [key, value] of [
      ["role", "slider"],
      ["aria-label", name],
      ["aria-orientation", "vertical"],
    ]) {
      root.setAttribute(key, value);
    }
    const tag = document.createElement("span");
    const label = document.createElement("b");
    const share = document.createElement("small");
    tag.append(label, share);
    root.append(tag);
    const handle = { end, root, label, share, input };
    root.addEventListener("pointerdown", (event) => this.#take(handle, event));
    root.addEventListener("pointermove", (event) => this.#drag(event));
    for (const ending of ["pointerup", "pointercancel"]) root.addEventListener(ending, () => this.#drop());
    root.addEventListener("keydown", (event) => this.#press(handle, event));
    this.chart.root.append(root);
    return handle;
  }

  #take(handle, event) {
    event.preventDefault();
    handle.root.focus({ preventScroll: true });
    handle.root.setPointerCapture(event.pointerId);
    this.chart.hold(true);
    this.#dragged = handle;
  }

  #drag({ clientY }) {
    if (!this.#dragged) return;
    const { top } = this.chart.root.getBoundingClientRect();
    this.#write(this.#dragged, this.chart.series.coordinateToPrice(clientY - top));
  }

  #drop() {
    if (!this.#dragged) return;
    const { input } = this.#dragged;
    this.#dragged = null;
    this.chart.hold(false);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #press(handle, event) {
    const steps = STEPS[event.key];
    if (!steps) return;
    event.preventDefault();
    this.#write(handle, Number(handle.input.value) + steps * this.#unit());
  }

  /** Round steps of about a thousandth of the price. */
  #unit() {
    return Math.max(this.#tick, 10 ** (Math.floor(Math.log10(this.#price || 1)) - 3));
  }

  #write({ end, input }, price) {
    if (price === null || !this.#tick) return;
    const unit = this.#unit();
    const other = Number(this.handles.find((handle) => handle.end !== end).input.value);
    const bounded =
      end === "high" ? Math.max(price, other + unit) : other > 0 ? Math.min(price, other - unit) : price;
    const decimals = Math.max(0, Math.ceil(-Math.log10(this.#tick) - 1e-9));
    input.value = (Math.max(1, Math.round(bounded / unit)) * unit).toFixed(decimals);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
