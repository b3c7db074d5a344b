// What every signed-in page does: colours, times, the state of the connection.

import * as live from "live";
import { localise } from "times";

const YEAR = 31_536_000;
const QUIET_FOR = 3_000;
const ASK_AGAIN = 5_000;
const OUT_OF_DATE = "What you see may be out of date. Asking again…";

function paintState(state) {
  const words = { connecting: "Connecting", open: "Live", down: "Reconnecting" };
  for (const element of document.querySelectorAll("[data-live-state]")) {
    element.dataset.liveState = state;
    element.querySelector("[data-live-text]").textContent = words[state];
  }
}

const troubles = new Map(); // what is wrong, each with its words
function trouble(kind, words) {
  if (words) troubles.set(kind, words);
  else troubles.delete(kind);
  const banner = document.querySelector("[data-offline]");
  const [first] = troubles.values();
  banner.hidden = !first;
  if (first) banner.querySelector("span").textContent = first;
}

let patience = null;
function showOffline(state) {
  if (state === "open") {
    clearTimeout(patience);
    patience = null;
    trouble("socket", "");
  } else {
    patience ??= setTimeout(() => trouble("socket", "Live values are paused. Reconnecting…"), QUIET_FOR);
  }
}

// A part of the page that could not be fetched: what stands there is out of date. [data-again] names the event that asks
// for it again.
function showUnfetched({ detail: { elt } }) {
  const { again } = elt.dataset;
  trouble("fetch", again === undefined ? "The server did not answer. Try that once more." : OUT_OF_DATE);
  if (again) setTimeout(() => elt.isConnected && htmx.trigger(elt, again), ASK_AGAIN);
}
for (const name of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(name, showUnfetched);
document.addEventListener(
  "htmx:afterOnLoad",
  ({ detail: { xhr } }) => xhr.status < 400 && trouble("fetch", ""),
);

// Signed out meanwhile: the sign-in page is no part of this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (
    !xhr.responseURL ||
    new URL(xhr.responseURL).pathname === new URL(requestConfig.path, location).pathname
  ) {
    return;
  }
  event.preventDefault();
  location.reload();
});

function chooseTheme(theme) {
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `theme=${theme};path=/;max-age=${theme ? YEAR : 0};samesite=lax${secure}`;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.dispatchEvent(new Event("themechange"));
}

document.addEventListener("change", ({ target }) => {
  if (target.name === "theme") chooseTheme(target.value);
});
for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) {
  document.addEventListener(name, ({ target }) => localise(target.parentElement ?? document));
}

localise();
live.onState(paintState);
live.onState(showOffline);
live.start();
