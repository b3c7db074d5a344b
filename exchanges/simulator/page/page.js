"use strict";

const SHOWN = 200;
const byId = (id) => document.getElementById(id);
const ask = async (path) => (await fetch(path)).json();
const plain = (amount) => String(amount).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
const clock = (ms) => new Date(ms).toISOString().slice(11, 19);
const last = new Map();

function cell(tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function fillTable(table, heads, rows) {
  const lines = [heads.map((text) => cell("th", text)), ...rows.map((row) => row.map((text) => cell("td", text)))];
  table.replaceChildren(...lines.map((cells) => {
    const line = document.createElement("tr");
    line.append(...cells);
    return line;
  }));
  if (!rows.length) table.append(cell("caption", "None."));
}

function fillSelect(select, names) {
  if ([...select.options].map((option) => option.value).join() === names.join()) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((name) => new Option(name, name)));
  if (names.includes(chosen)) select.value = chosen;
}

function showMarkets(market) {
  byId("clock").textContent = `${clock(market.time)} UTC`;
  fillSelect(byId("push-symbol"), Object.keys(market.symbols));
  byId("markets").replaceChildren(...Object.entries(market.symbols).map(([symbol, { price }]) => {
    const before = last.get(symbol) ?? Number(price);
    last.set(symbol, Number(price));
    const tile = cell("div", "", "tile");
    const way = Number(price) > before ? "up" : Number(price) < before ? "down" : "";
    tile.append(cell("b", symbol), cell("span", price, way));
    return tile;
  }));
}

async function showAccount() {
  const accounts = await ask(`/control/accounts?exchange=${byId("exchange").value}`);
  fillSelect(byId("account"), accounts.map((account) => account.api_key));
  const account = accounts.find((each) => each.api_key === byId("account").value);
  if (!account) return;
  const balances = Object.entries(account.balances);
  fillTable(byId("balances"), ["Asset", "Free", "Locked"], balances.map(([asset, funds]) => [asset, plain(funds.free), plain(funds.locked)]));
  const query = `?exchange=${account.exchange}&api_key=${encodeURIComponent(account.api_key)}`;
  const [orders, trades] = await Promise.all([ask(`/control/orders${query}&open=true`), ask(`/control/trades${query}&limit=${SHOWN}`)]);
  const open = orders.slice(-SHOWN).reverse();
  fillTable(byId("orders"), ["Symbol", "Order", "Client id", "Side", "Type", "Price", "Quantity", "Filled", "Time"], open.map((order) => [
    order.symbol, order.orderId, order.clientOrderId, order.side, order.type, plain(order.price), plain(order.origQty), plain(order.executedQty), clock(order.time)]));
  fillTable(byId("trades"), ["Symbol", "Trade", "Order", "Side", "Price", "Quantity", "Fee", "Role", "Time"], trades.reverse().map((trade) => [
    trade.symbol, trade.id, trade.orderId, trade.isBuyer ? "BUY" : "SELL", plain(trade.price), plain(trade.qty),
    `${plain(trade.commission)} ${trade.commissionAsset}`, trade.isMaker ? "maker" : "taker", clock(trade.time)]));
}

async function showFaults() {
  fillSelect(byId("fault-kind"), await ask("/control/faults/kinds"));
  const faults = (await ask("/control/faults")).reverse().slice(0, SHOWN);
  fillTable(byId("faults"), ["Kind", "Exchange", "Key", "Endpoint", "Rate", "Count", "Seconds", "Struck", "State"], faults.map((fault) => [
    fault.kind, fault.exchange, fault.api_key ?? "all", fault.endpoint ?? "usual", fault.rate ?? "always", fault.count ?? "no limit",
    fault.seconds ?? "no limit", fault.struck, fault.active ? "active" : "over"]));
}

byId("ask-fault").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ kind: byId("fault-kind").value, exchange: byId("exchange").value, count: Number(byId("fault-count").value) });
  const answer = await (await fetch("/control/faults", { method: "POST", body })).json();
  byId("fault-answer").textContent = answer.error ?? "Asked for.";
  await showFaults();
});
byId("end-faults").addEventListener("click", async () => {
  await fetch("/control/faults", { method: "DELETE" });
  byId("fault-answer").textContent = "All ended.";
  await showFaults();
});
byId("push").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ exchange: byId("exchange").value, symbol: byId("push-symbol").value, price: byId("push-price").value });
  const answer = await (await fetch("/control/price", { method: "POST", body })).json();
  byId("push-answer").textContent = answer.error ?? "Done.";
});
byId("account").addEventListener("change", showAccount);
byId("exchange").addEventListener("change", () => { last.clear(); showAccount(); });

async function refresh() {
  try {
    fillSelect(byId("exchange"), await ask("/control/exchanges"));
    showMarkets(await ask(`/control/market?exchange=${byId("exchange").value}`));
    await Promise.all([showAccount(), showFaults()]);
  } catch {
    byId("clock").textContent = "The exchange does not answer.";
  }
  setTimeout(refresh, 1500);
}
refresh();
