// The list of bots: figures move in place, rows come and go with the bots.

import { show, write } from "bind";
import * as format from "format";
import { onEvent } from "live";

const list = document.getElementById("bots");
let waiting = null;

function refresh() {
  waiting ??= setTimeout(() => {
    waiting = null;
    htmx.trigger(list, "refresh");
  }, 400);
}

function total() {
  for (const element of document.querySelectorAll("[data-total]")) {
    const field = element.dataset.total;
    const values = [...list.querySelectorAll("tr[data-bot]")].map((row) =>
      field === "total_investment"
        ? row.dataset.investment
        : row.querySelector(`[data-field="${field}"]`).dataset.value,
    );
    element.dataset.as ??= "money";
    write(element, format.add(...values.map((value) => value || "0")));
  }
}

onEvent((event) => {
  if (event.type === "snapshot") {
    for (const bot of event.bots) show(bot.id, bot);
    refresh(); // bots and their states may have changed while the page was loading
  } else if (event.type === "pnl") {
    show(event.bot_id, event);
  } else if (event.type === "bot") {
    refresh();
  }
  if (event.type !== "price") total();
});
document.addEventListener("htmx:afterSwap", total);
total();
