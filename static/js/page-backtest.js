// The forms of backtest and optimiser: a first range for the market and day that are chosen; how many configs; a button
// that says it works.

const form = document.getElementById("backtest-form");

if (form) {
  const field = (name) => form.elements[name];
  const typed = new Set(
    [...form.querySelectorAll("input")].filter((input) => input.defaultValue).map((input) => input.name),
  );
  const range = () => ["lower_price", "upper_price"].map(field).filter(Boolean);
  const say = (words) => (document.getElementById("id_symbol_error").textContent = words);
  let asked = 0;
  let trouble = "";

  const find = (query) =>
    fetch(`${form.dataset.market}?${query}`, { headers: { Accept: "application/json" } })
      .then((answer) => answer.json())
      .catch(() => ({ detail: "AutoGrid did not answer: type the prices yourself, or reload the page." }));

  async function loadMarket() {
    const mine = ++asked;
    const query = new URLSearchParams(
      ["exchange", "symbol", "start_date"].map((name) => [name, field(name).value]),
    );
    for (const input of range()) input.placeholder = "Looking…";
    const found = await find(query);
    if (mine === asked) show(found);
  }

  function show({ detail = "", quote = "", lower, upper }) {
    if (detail || trouble) say((trouble = detail));
    for (const unit of form.querySelectorAll('[data-unit="quote"]')) unit.textContent = quote;
    for (const [input, value] of range().map((each, i) => [each, [lower, upper][i]])) {
      input.placeholder = "";
      if (value && !typed.has(input.name)) input.value = value;
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

// What was counted, or was wrong, before the last change says nothing of the form as it stands now.
const count = document.getElementById("count");

count?.closest("form").addEventListener("input", () => {
  count.textContent = "Counting…";
});
count?.addEventListener(
  "htmx:sendError",
  () => (count.textContent = "The configs could not be counted: the server did not answer."),
);
count?.addEventListener(
  "htmx:responseError",
  () => (count.textContent = "The configs could not be counted."),
);

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
