// The page's one socket. Events arrive at most once a frame; a gap in their numbers asks for a snapshot;
// a hidden tab lets go of the socket and catches up when it is looked at again.

const HIDDEN_FOR = 30_000;
const PING_EVERY = 25_000;
const LONGEST_WAIT = 30_000;

const listeners = new Set();
const watchers = new Set();
const markets = [];
let socket = null;
let seq = null;
let tries = 0;
let queue = [];
let askedAt = 0;
let retry = null;
let heard = 0;

/** `listener(event)` for snapshot, pnl, order, fill, bot and price. One that comes late gets a snapshot too. */
export function onEvent(listener) {
  listeners.add(listener);
  if (seq !== null) resync();
}

/** `watcher(state)` with connecting, open or down. */
export function onState(watcher) {
  watchers.add(watcher);
}

/** Also tell the price of this market, whether or not a bot trades there. */
export function watch(exchange, symbol) {
  const market = { type: "watch", exchange, symbol };
  markets.push(market);
  if (seq !== null) ask(market);
}

export function start() {
  let hide = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hide);
    if (document.hidden) hide = setTimeout(pause, HIDDEN_FOR);
    else if (!socket) connect();
  });
  window.addEventListener("online", () => !socket && connect());
  window.addEventListener("pagehide", pause);
  window.addEventListener("pageshow", () => !socket && connect());
  setInterval(ping, PING_EVERY);
  connect();
}

function tell(state) {
  for (const watcher of watchers) watcher(state);
}

function connect() {
  clearTimeout(retry);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const opened = new WebSocket(`${scheme}://${location.host}/ws/live`);
  socket = opened;
  tell("connecting");
  opened.onmessage = (message) => socket === opened && receive(JSON.parse(message.data));
  opened.onclose = (closing) => {
    if (socket !== opened) return;
    socket = null;
    seq = null;
    if (closing.code === 4401) return location.reload();
    tell("down");
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** tries++);
    retry = setTimeout(connect, wait * (0.5 + Math.random() / 2));
  };
}

function pause() {
  clearTimeout(retry);
  const closing = socket;
  socket = null;
  seq = null;
  if (closing?.readyState !== WebSocket.CONNECTING) closing?.close();
  else closing.onopen = () => closing.close(); // closed earlier, the browser complains
}

function ping() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (Date.now() - heard > 2.5 * PING_EVERY) socket.close();
  else ask({ type: "ping" });
}

function receive(event) {
  heard = Date.now();
  if (event.type === "pong") return;
  if (event.type === "snapshot") {
    seq = event.seq;
    tries = 0;
    tell("open");
    for (const market of markets) ask(market);
  } else if (event.type !== "price" && event.seq !== seq + 1) {
    resync();
    if (event.seq <= seq) return; // told before the snapshot, or Redis began to count anew
    seq = event.seq;
  } else {
    seq = event.seq; // a price carries the number of the last event
  }
  queue.push(event);
  if (queue.length === 1) requestAnimationFrame(deliver);
}

function resync() {
  if (Date.now() - askedAt < 1000) return;
  askedAt = Date.now();
  ask({ type: "snapshot" });
}

function ask(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function deliver() {
  const events = queue;
  queue = [];
  for (const event of events) for (const listener of listeners) listener(event);
}
