// The list of bots: figures move in place, rows come and go with the bots; the sums above are over all pages.

import { show, write } from "bind";
import * as format from "format";
import { onEvent } from "live";

const list = document.getElementById("bots");
const bots = new Map();
let waiting = null;
let due = false;

function refresh() {
  waiting ??= setTimeout(() => {
    waiting = null;
    htmx.trigger(list, "refresh");
  }, 400);
}

const SUMMED = {
  equity: (bot) => bot.equity,
  total_investment: (bot) => bot.total_investment,
  pnl: (bot) => format.add(bot.realized_pnl, bot.unrealized_pnl),
  open_orders: (bot) => bot.open_orders,
};

/** Until the first snapshot the server's sums stand. */
function total() {
  if (!bots.size) return;
  for (const element of document.querySelectorAll("[data-total]")) {
    write(element, format.add(...[...bots.values()].map(SUMMED[element.dataset.total])));
  }
}

/** Once for all events of a frame. */
function totalSoon() {
  if (!due) queueMicrotask(() => ((due = false), total()));
  due = true;
}

onEvent((event) => {
  if (event.type === "snapshot") {
    bots.clear();
    for (const bot of event.bots) {
      show(bot.id, bot);
      bots.set(bot.id, bot);
    }
    refresh(); // bots and their states may have changed while the page was loading
  } else if (event.type === "pnl") {
    show(event.bot_id, event);
    Object.assign(bots.get(event.bot_id) ?? {}, event);
  } else if (event.type === "bot") {
    refresh();
  }
  if (event.type !== "price") totalSoon();
});
document.addEventListener("htmx:afterSwap", total);
