// One bot: figures and the last candle move with the socket, tables are fetched again when something happened.

import { show } from "bind";
import { onEvent, watch } from "live";
import { PriceChart } from "price-chart";

const root = document.getElementById("bot");
const { bot: id, exchange, symbol } = root.dataset;
const chart = new PriceChart(root.querySelector("[data-chart]"));

function drawChart() {
  const { levels, marks } = JSON.parse(document.getElementById("chart-json").textContent);
  chart.setLevels(levels);
  chart.setMarks(marks);
}

const SOON = 300;
const SELDOM = 1000; // milliseconds between two refreshes, whatever happens
let waiting = null;
let refreshed = 0;
function refresh() {
  const rest = refreshed + SELDOM - Date.now();
  waiting ??= setTimeout(
    () => {
      waiting = null;
      refreshed = Date.now();
      htmx.trigger(root, "refresh");
    },
    Math.max(SOON, rest),
  );
}

onEvent((event) => {
  if (event.type === "snapshot") {
    const mine = event.bots.find((bot) => bot.id === id);
    if (mine) show(id, mine);
    refresh(); // the tables may have missed something: a gap, or what happened while the page was loading
  } else if (event.type === "price") {
    if (event.symbol !== symbol || event.exchange !== exchange) return;
    chart.tick(Number(event.price), event.time);
    show(id, { mark_price: event.price });
  } else if (event.bot_id === id) {
    if (event.type === "pnl") show(id, event);
    else refresh();
  }
});

new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.dataset?.row !== undefined) node.classList.add("fresh");
  }
}).observe(root, { childList: true, subtree: true });
document.addEventListener("htmx:oobAfterSwap", ({ target }) => target.id === "chart-data" && drawChart());

/** A long ladder opens at the price, not at its top. */
function centreLadder() {
  const price = Number(root.querySelector('[data-field="mark_price"]').textContent.replaceAll(",", ""));
  const rows = [...root.querySelectorAll("tr[data-high]")];
  const row = rows.find(
    ({ dataset }) => dataset.high && Number(dataset.low) <= price && price < Number(dataset.high),
  );
  const box = row?.closest(".table-scroll");
  if (box) box.scrollTop = row.offsetTop - (box.clientHeight - row.offsetHeight) / 2;
}

centreLadder();
drawChart();
chart.load(exchange, symbol);
watch(exchange, symbol);
