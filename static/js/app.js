// What every signed-in page does: colours, times, the state of the connection.

import * as live from "live";
import { localise } from "times";

const YEAR = 31_536_000;
const QUIET_FOR = 3_000;

function paintState(state) {
  const words = { connecting: "Connecting", open: "Live", down: "Reconnecting" };
  for (const element of document.querySelectorAll("[data-live-state]")) {
    element.dataset.liveState = state;
    element.querySelector("[data-live-text]").textContent = words[state];
  }
}

let patience = null;
function showOffline(state) {
  const banner = document.querySelector("[data-offline]");
  if (state === "open") {
    clearTimeout(patience);
    patience = null;
    banner.hidden = true;
  } else if (patience === null) {
    patience = setTimeout(() => (banner.hidden = false), QUIET_FOR);
  }
}

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
