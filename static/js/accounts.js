// What the exchange accounts hold, fetched again while somebody looks: soon where a first look is awaited, else seldom.

const box = document.getElementById("accounts");
const TICK = 2_000; // milliseconds
const SELDOM = 15; // ticks
let ticks = 0;

if (box) {
  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    ticks += 1;
    if (ticks % SELDOM === 0 || box.querySelector("[data-waiting]")) htmx.trigger(box, "refresh");
  }, TICK);
}
