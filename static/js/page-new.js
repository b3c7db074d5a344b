// A new bot: the market's price fills the defaults, the pre-flight and the levels follow what is typed.

import * as format from "format";
import { onEvent, watch } from "live";
import { PriceChart } from "price-chart";

const form = document.getElementById("bot-form");

if (form) {
  const field = (name) => form.elements[name];
  const chart = new PriceChart(form.querySelector("[data-chart]"));
  const typed = new Set([...form.querySelectorAll("input")].filter((input) => input.defaultValue).map((input) => input.name));
  let market = null;

  const suggest = (name, value) => {
    if (!typed.has(name) && field(name)) field(name).value = value;
  };

  async function loadMarket() {
    const symbol = field("symbol").value.trim().toUpperCase();
    const query = new URLSearchParams({ credential: field("credential").value, symbol });
    const answer = await fetch(`${form.dataset.market}?${query}`, { headers: { Accept: "application/json" } });
    if (symbol !== field("symbol").value.trim().toUpperCase()) return;
    const found = await answer.json();
    market = answer.ok ? found : null;
    form.querySelector("[data-chart-symbol]").textContent = symbol;
    if (market) {
      form.querySelector("[data-free]").textContent = market.free ? `${format.money(market.free)} ${market.quote} free` : "";
      suggest("lower_price", market.lower);
      suggest("upper_price", market.upper);
      suggestName();
      for (const unit of form.querySelectorAll('[data-unit="quote"]')) unit.textContent = market.quote;
      chart.load(market.exchange, market.symbol);
      watch(market.exchange, market.symbol);
    } else chart.say(found.detail);
    showPrice(market?.price);
    changed();
  }

  function suggestName() {
    suggest("name", `${market.base} ${field("strategy").value === "dca" ? "DCA" : "grid"}`);
  }

  function showPrice(price) {
    form.querySelector("[data-price]").textContent = price ? format.price(price) : "";
  }

  function levels() {
    const [low, high, count] = ["lower_price", "upper_price", "grid_count"].map((name) => Number(field(name).value));
    if (!(low > 0 && high > low && count >= 2 && count <= 500)) return [];
    const geometric = field("spacing").value === "geometric";
    const at = (i) => (geometric ? low * (high / low) ** (i / count) : low + ((high - low) * i) / count);
    const price = Number(market?.price ?? 0);
    return Array.from({ length: count + 1 }, (_, i) => ({ price: at(i), side: at(i) < price ? "buy" : "sell", state: "open" }));
  }

  /** The buys of a DCA deal that began at the present price, and where it would take its profit. */
  function deal() {
    const price = Number(market?.price ?? 0);
    const number = (name, otherwise) => Number(field(name).value || otherwise);
    const buys = [];
    for (let i = 1, drop = 0, step = number("price_drop", 0); step && i <= number("max_orders", 0) && i < 100; i++) {
      drop += step;
      step *= number("step_scale", 1);
      if (drop < 100) buys.push({ price: price * (1 - drop / 100), side: "buy", state: "open" });
    }
    const profit = number("take_profit", 0);
    return price && profit ? [...buys, { price: price * (1 + profit / 100), side: "sell", state: "open" }] : buys;
  }

  function changed() {
    chart.setLevels(field("strategy").value === "dca" ? deal() : levels(), { whole: true });
    htmx.trigger(form, "check");
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
