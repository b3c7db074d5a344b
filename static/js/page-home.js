// The dashboard: every bot's figures move in place and so do their sums; lists are fetched again when something happened.

import { show, write } from "bind";
import * as format from "format";
import { onEvent } from "live";

const home = document.getElementById("home");
const bots = new Map();
const SELDOM = 5_000; // milliseconds between two refreshes, whatever happens
let waiting = null;
let due = false;

function refresh() {
  waiting ??= setTimeout(() => {
    waiting = null;
    htmx.trigger(home, "refresh");
  }, SELDOM);
}

/** Exact sums of what every bot with a known rate is worth, in the portfolio's currency. */
function sums() {
  const { rates: text, dayAgo } = home.querySelector("[data-rates]").dataset;
  const rates = new Map(
    text
      .trim()
      .split(" ")
      .map((pair) => pair.split("=")),
  );
  let [equity, invested] = ["0", "0"];
  for (const bot of bots.values()) {
    const rate = rates.get(`${bot.venue}:${bot.symbol.split("/")[1]}`);
    if (!rate) continue;
    equity = format.add(equity, format.multiply(bot.equity, rate));
    invested = format.add(invested, format.multiply(bot.total_investment, rate));
  }
  const [pnl, day] = [invested, dayAgo].map((before) => format.add(equity, format.negative(before)));
  const per = (part, whole) => (Number(whole) ? ((Number(part) / Number(whole)) * 100).toFixed(2) : null);
  return { equity, invested, pnl, day, pnl_percent: per(pnl, invested), day_percent: per(day, dayAgo) };
}

function total() {
  if (!bots.size) return;
  const values = sums();
  for (const element of home.querySelectorAll("[data-total]")) write(element, values[element.dataset.total]);
}

/** Once for all events of a frame. */
function totalSoon() {
  if (!due) queueMicrotask(() => ((due = false), total()));
  due = true;
}

if (home) {
  onEvent((event) => {
    if (event.type === "snapshot") {
      bots.clear();
      for (const bot of event.bots) {
        show(bot.id, bot);
        if (bot.mode === home.dataset.money) bots.set(bot.id, bot);
      }
      refresh();
    } else if (event.type === "pnl") {
      show(event.bot_id, event);
      const bot = bots.get(event.bot_id);
      if (bot) bot.equity = event.equity;
    } else if (event.type !== "price") refresh();
    if (event.type !== "price") totalSoon();
  });
  document.addEventListener("htmx:afterSwap", total);
}
