// A new bot: the market's price fills the defaults, the pre-flight and the levels follow what is typed.

import * as format from "format";
import { onEvent, watch } from "live";
import { PriceChart } from "price-chart";
import { RangeHandles } from "range-handles";
import { Replay } from "replay";
import { averageTrueRange, dealLines, gridLines } from "strategy-lines";

const BUSY = 503; // the exchange did not answer
const AGAIN = 5_000; // milliseconds

const form = document.getElementById("bot-form");

if (form) {
  const field = (name) => form.elements[name];
  const chart = new PriceChart(form.querySelector("[data-chart]"));
  const typed = new Set(
    [...form.querySelectorAll("input")].filter((input) => input.defaultValue).map((input) => input.name),
  );
  const handles = new RangeHandles(chart, { low: field("lower_price"), high: field("upper_price") });
  const beside = Object.fromEntries(
    [...form.querySelectorAll("[data-beside]")].map((element) => [element.dataset.beside, element]),
  );
  const replay = new Replay(form);
  let market = null;
  let suggested = null;

  const suggest = (name, value) => {
    if (!typed.has(name) && field(name)) field(name).value = value;
  };

  async function loadMarket() {
    const symbol = field("symbol").value.trim().toUpperCase();
    const query = new URLSearchParams({ credential: field("credential").value, symbol });
    const { found, status } = await ask(`${form.dataset.market}?${query}`);
    if (symbol !== field("symbol").value.trim().toUpperCase()) return;
    market = status === 200 ? found : null;
    form.querySelector("[data-chart-symbol]").textContent = symbol;
    if (market) {
      form.querySelector("[data-free]").textContent = market.free
        ? `${format.money(market.free)} ${market.quote} free`
        : "";
      // A first bot begins with what is suggested: nothing is ready to start, and then changes, under the hand.
      if ("first" in form.dataset) for (const input of range()) input.placeholder = "Looking…";
      else takeUsual();
      suggestName();
      for (const unit of form.querySelectorAll('[data-unit="quote"]')) unit.textContent = market.quote;
      handles.setMarket(market);
      chart.load(market.exchange, market.symbol);
      loadSuggestion();
      watch(market.exchange, market.symbol);
    } else {
      chart.say(found.detail);
      if (status === BUSY) pause = setTimeout(loadMarket, AGAIN);
    }
    showPrice(market?.price);
    changed();
  }

  /** What is found at an address, or {detail}: why nothing is, also where nobody answers. */
  async function ask(address) {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      return { found: await answer.json(), status: answer.status };
    } catch {
      return { found: { detail: "AutoGrid does not answer. Asking again…" }, status: BUSY };
    }
  }

  const range = () => [field("lower_price"), field("upper_price")];

  function takeUsual() {
    suggest("lower_price", market.lower);
    suggest("upper_price", market.upper);
    for (const input of range()) input.placeholder = "";
  }

  function suggestName() {
    suggest("name", `${market.base} ${field("strategy").value === "dca" ? "DCA" : "grid"}`);
  }

  function showPrice(price) {
    form.querySelector("[data-price]").textContent = price ? format.price(price) : "";
  }

  /** The form's numbers as the lines are drawn from them. */
  function values() {
    const of = ([name, value]) => [name, name === "spacing" || name === "strategy" ? value : Number(value)];
    return Object.fromEntries([...new FormData(form)].map(of));
  }

  function draw() {
    painting = null;
    const price = Number(market?.price ?? 0);
    const isGrid = field("strategy").value === "grid";
    const lines = isGrid ? gridLines(values(), price, Number(market?.tick ?? 0)) : dealLines(values(), price);
    chart.setLevels(lines, { whole: true });
    handles.show(isGrid && market !== null);
    handles.place();
  }

  let painting = null;
  function changed() {
    painting ??= requestAnimationFrame(draw);
    htmx.trigger(form, "check");
    if (market && (field("strategy").value === "dca" || range().every(({ value }) => value))) replay.ask();
  }

  let pause = null;
  form.addEventListener("input", ({ target }) => {
    typed.add(target.name);
    if (target.name === "symbol" || target.name === "credential") {
      for (const name of ["lower_price", "upper_price"]) typed.delete(name);
      clearTimeout(pause);
      pause = setTimeout(loadMarket, 400);
    } else {
      if (target.name === "strategy" && market) suggestName();
      changed();
    }
  });

  form.addEventListener("change", () => replay.settle());

  /** A range and a number of grids from what the market did; shown beside the chart, taken by a click. */
  async function loadSuggestion() {
    const { exchange, symbol } = market;
    beside.suggestion.hidden = true;
    const query = new URLSearchParams({ exchange, symbol, investment: field("investment").value || "1000" });
    const { found, status } = await ask(`/api/v1/bots/suggestion?${query}`);
    if (symbol !== market?.symbol) return;
    if (status !== 200) {
      takeUsual();
      return changed();
    }
    suggested = found;
    const { lower_price: low, upper_price: high, grid_count: count } = suggested.config;
    beside.range.textContent = `${format.price(low)} – ${format.price(high)}, ${count} grids`;
    beside.why.textContent = suggested.sentences.join(" ");
    beside.suggestion.hidden = false;
    if ("first" in form.dataset && !typed.has("lower_price") && !typed.has("upper_price")) takeSuggestion();
    takeUsual();
  }

  function takeSuggestion() {
    for (const [name, value] of Object.entries(suggested.config)) {
      if (name !== "investment") field(name).value = value;
    }
    for (const name of ["lower_price", "upper_price"]) typed.add(name);
    changed();
  }
  beside.take.addEventListener("click", takeSuggestion);

  form.querySelector("[data-chart]").addEventListener("bars", ({ detail: { bars, frame } }) => {
    const reach = averageTrueRange(bars);
    const share = reach === null ? "" : ` (${((reach / bars.at(-1).close) * 100).toFixed(2)}%)`;
    beside.atr.textContent =
      reach === null ? "–" : `${format.average(reach.toPrecision(6))}${share}, ${frame}`;
  });

  document.addEventListener("htmx:afterSwap", () => {
    for (const error of form.querySelectorAll(".field-error")) {
      const input = document.getElementById(error.id.replace(/_error$/, ""));
      input?.setAttribute("aria-invalid", String(error.textContent.trim() !== ""));
      if (input && error.textContent.trim()) input.setAttribute("aria-describedby", error.id);
    }
  });

  onEvent((event) => {
    if (event.type === "price" && event.symbol === market?.symbol) {
      showPrice(event.price);
      chart.tick(Number(event.price), event.time);
    }
  });

  loadMarket();
}
