// The form of a backtest: a first range for the market and day that are chosen; a button that says it works.

const form = document.getElementById("backtest-form");

if (form) {
  const field = (name) => form.elements[name];
  const typed = new Set([...form.querySelectorAll("input")].filter((input) => input.defaultValue).map((input) => input.name));
  let asked = 0;

  async function loadMarket() {
    const mine = ++asked;
    const query = new URLSearchParams(["exchange", "symbol", "start_date"].map((name) => [name, field(name).value]));
    const answer = await fetch(`${form.dataset.market}?${query}`, { headers: { Accept: "application/json" } });
    const found = await answer.json();
    if (mine !== asked) return;
    for (const unit of form.querySelectorAll('[data-unit="quote"]')) unit.textContent = found.quote ?? "";
    for (const [name, value] of [["lower_price", found.lower], ["upper_price", found.upper]]) {
      if (value && field(name) && !typed.has(name)) field(name).value = value;
    }
  }

  let pause = null;
  form.addEventListener("input", ({ target }) => {
    typed.add(target.name);
    if (!["exchange", "symbol", "start_date"].includes(target.name)) return;
    if (target.name !== "start_date") for (const name of ["lower_price", "upper_price"]) typed.delete(name);
    clearTimeout(pause);
    pause = setTimeout(loadMarket, 400);
  });

  loadMarket();
}

document.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (!submitter?.dataset.busy) return;
  if (target.dataset.sent) return event.preventDefault(); // a second click asks for no second backtest
  target.dataset.sent = "yes";
  submitter.textContent = submitter.dataset.busy;
  submitter.setAttribute("aria-disabled", "true");
});
// A page that comes back from the browser's cache shows its buttons as they were.
window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
