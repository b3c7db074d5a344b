// Candles of one market with a bot's levels and fills, kept moving by the live price.

import { CandlestickSeries, LineStyle, createChart, createSeriesMarkers } from "lightweight-charts";
import { addMoves } from "chart-moves";
import { fixed } from "format";
import { local } from "times";

export const FRAMES = { "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14400, "1d": 86400 };
const CANDLES = 300; // loaded at once; more when the oldest come into sight
const NEAR = 20; // candles from the oldest

const COLOURS = {
  text: "text-2",
  line: "line",
  up: "up",
  down: "down",
  accent: "accent",
  surface: "surface",
};

/** The tokens as the browser resolves them for the theme that is on. */
function palette(root) {
  const resolve = (token) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${token})`;
    root.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  return Object.fromEntries(Object.entries(COLOURS).map(([name, token]) => [name, resolve(token)]));
}

const faded = (colour, alpha) => colour.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);

export class PriceChart {
  #levels = [];
  #marks = [];
  #lines = [];
  #range = null;
  #last = null;
  #asked = 0;
  #oldest = null;
  #scaled = null;
  #held = false;

  constructor(root) {
    this.root = root;
    this.note = root.querySelector("[data-chart-note]");
    this.frame = "15m";
    const canvas = root.querySelector(".chart-canvas");
    this.chart = createChart(canvas, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: getComputedStyle(root).fontFamily, fontSize: 11 },
      timeScale: { timeVisible: true, rightOffset: 4, tickMarkFormatter: tickMark },
      localization: { timeFormatter: (time) => local(new Date(time * 1000)) },
      handleScroll: { vertTouchDrag: false },
    });
    this.series = this.chart.addSeries(CandlestickSeries, {
      borderVisible: false,
      autoscaleInfoProvider: (original) => this.#scale(original()),
    });
    this.markers = createSeriesMarkers(this.series, []);
    this.paint();
    addMoves(root, this.chart);
    this.chart
      .timeScale()
      .subscribeVisibleLogicalRangeChange((range) => range && range.from < NEAR && this.#loadOlder());
    document.addEventListener("themechange", () => this.paint());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
    root.parentElement.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-frame]");
      if (button) this.#choose(button);
    });
  }

  paint() {
    const colours = (this.colours = palette(this.root));
    this.chart.applyOptions({
      layout: { background: { color: "transparent" }, textColor: colours.text },
      grid: { vertLines: { visible: false }, horzLines: { color: faded(colours.line, 0.5) } },
      rightPriceScale: { borderColor: colours.line },
      timeScale: { borderColor: colours.line },
    });
    const { up, down } = colours;
    this.series.applyOptions({
      upColor: up,
      downColor: down,
      wickUpColor: up,
      wickDownColor: down,
      priceLineColor: colours.accent,
    });
    this.#drawLevels();
    this.#drawMarks();
  }

  async load(exchange, symbol) {
    this.market = { exchange, symbol };
    this.#oldest = null;
    const asked = ++this.#asked;
    try {
      const bars = await this.#fetch({ start: Date.now() - CANDLES * FRAMES[this.frame] * 1000 });
      if (asked === this.#asked) this.#show(bars);
    } catch {
      if (asked === this.#asked) this.say("The candles could not be loaded. The bot is not affected.");
    }
  }

  async #fetch(span) {
    const query = new URLSearchParams({ ...this.market, timeframe: this.frame, ...span });
    const answer = await fetch(`/api/v1/candles?${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const { candles } = await answer.json();
    return candles.map(([ms, open, high, low, close]) => ({
      time: ms / 1000,
      open: Number(open),
      high: Number(high),
      low: Number(low),
      close: Number(close),
    }));
  }

  /** Puts what came before in front; `#oldest` is null while that is under way, and where nothing came before. */
  async #loadOlder() {
    const end = this.#oldest;
    if (end === null) return;
    this.#oldest = null;
    const asked = this.#asked;
    const older = await this.#fetch({
      start: (end - CANDLES * FRAMES[this.frame]) * 1000,
      end: end * 1000,
    }).catch(() => null);
    if (asked !== this.#asked || !this.#last) return;
    if (older === null) this.#oldest = end; // no answer: the next move asks again
    const bars = (older ?? []).filter(({ time }) => time < end);
    if (!bars.length) return;
    this.series.setData([...bars, ...this.series.data()]);
    this.#oldest = bars[0].time;
    this.#drawMarks();
  }

  /** Height of the part that has prices, in pixels. */
  get height() {
    return this.root.clientHeight - this.chart.timeScale().height();
  }

  /** `paint()` is called whenever prices may stand elsewhere in the chart. */
  onPaint(paint) {
    this.series.attachPrimitive({ updateAllViews: paint });
  }

  /** While held, the scale stays as it is, whatever the levels are: nothing moves away under a finger. */
  hold(held) {
    this.#held = held;
    if (!held) this.#drawLevels();
  }

  /** levels: [{price, side, state}]; whole: scale so that all of them show. */
  setLevels(levels, { whole = false } = {}) {
    const prices = levels.map((level) => Number(level.price)).filter(Number.isFinite);
    this.#levels = levels;
    this.#range = prices.length ? { low: Math.min(...prices), high: Math.max(...prices), whole } : null;
    this.#drawLevels();
  }

  /** marks: [{time (seconds), side, price}] */
  setMarks(marks) {
    this.#marks = marks;
    this.#drawMarks();
  }

  tick(price, milliseconds) {
    if (!this.#last) return;
    const seconds = FRAMES[this.frame];
    const time = Math.floor(milliseconds / 1000 / seconds) * seconds;
    if (time < this.#last.time) return;
    const candle =
      time === this.#last.time ? this.#last : { time, open: price, high: price, low: price, close: price };
    this.#last = {
      ...candle,
      high: Math.max(candle.high, price),
      low: Math.min(candle.low, price),
      close: price,
    };
    this.series.update(this.#last);
  }

  #choose(button) {
    this.frame = button.dataset.frame;
    for (const other of button.parentElement.children) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    if (this.market) this.load(this.market.exchange, this.market.symbol);
  }

  #show(bars) {
    if (!bars.length) return this.say("No candles of this market yet. They are being collected.");
    this.note.hidden = true;
    const smallest = bars.at(-1).close;
    const precision = smallest >= 1000 ? 2 : smallest >= 1 ? 4 : 8;
    const formatter = (value) => fixed(value, precision);
    this.series.applyOptions({ priceFormat: { type: "custom", formatter, minMove: 10 ** -precision } });
    this.series.setData(bars);
    this.#last = bars.at(-1);
    this.root.dispatchEvent(new CustomEvent("bars", { detail: { bars, frame: this.frame } }));
    this.#drawMarks();
    this.chart.timeScale().setVisibleLogicalRange({ from: bars.length - 120, to: bars.length + 4 });
    this.#oldest = bars[0].time;
  }

  /** Shows a sentence in place of the candles. */
  say(words) {
    this.series.setData([]);
    this.#last = null;
    this.note.textContent = words;
    this.note.hidden = false;
  }

  #drawLevels() {
    for (const line of this.#lines) this.series.removePriceLine(line);
    const { up, down, text } = this.colours;
    const tones = { buy: up, sell: down };
    this.#lines = this.#levels.map(({ price, side, state }) => {
      const color = faded(tones[side] ?? text, state === "open" ? 0.5 : 0.25);
      return this.series.createPriceLine({
        price: Number(price),
        color,
        lineWidth: 1,
        axisLabelVisible: false,
        title: "",
        lineStyle: state === "open" ? LineStyle.Solid : LineStyle.Dotted,
      });
    });
  }

  /** One mark a candle and side: many fills in a candle would hide it. */
  #drawMarks() {
    if (!this.#last) return this.markers.setMarkers([]);
    const seconds = FRAMES[this.frame];
    const seen = new Map();
    for (const mark of this.#marks) {
      const time = Math.floor(mark.time / seconds) * seconds;
      seen.set(`${time}${mark.side}`, { ...mark, time });
    }
    const ordered = [...seen.values()].sort((a, b) => a.time - b.time);
    this.markers.setMarkers(
      ordered.map(({ time, side }) => ({
        time,
        position: side === "buy" ? "belowBar" : "aboveBar",
        shape: side === "buy" ? "arrowUp" : "arrowDown",
        color: side === "buy" ? this.colours.up : this.colours.down,
        size: 0.8,
      })),
    );
  }

  /** Shows the levels near the candles without squeezing these, or all levels where they are being chosen. */
  #scale(original) {
    if (!this.#held) this.#scaled = this.#around(original);
    return this.#scaled;
  }

  #around(original) {
    const range = original?.priceRange;
    if (!range || !this.#range) return original;
    const { low, high, whole } = this.#range;
    const room = (range.maxValue - range.minValue) * (whole ? 8 : 1.2);
    const minValue = Math.min(range.minValue, Math.max(low, range.minValue - room));
    const maxValue = Math.max(range.maxValue, Math.min(high, range.maxValue + room));
    return { ...original, priceRange: { minValue, maxValue } };
  }
}

function tickMark(time, kind) {
  const date = new Date(time * 1000);
  if (kind >= 3) return date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  if (kind === 2) return date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  return date.toLocaleDateString(undefined, kind === 1 ? { month: "short" } : { year: "numeric" });
}
