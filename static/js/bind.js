// Writes a bot's live figures into the elements that show them: [data-field] inside [data-bot].

import * as format from "format";

/** The figures in a live event or a bot object, with those that follow from them. */
function figures(values, investment) {
  const derived = { ...values };
  const { realized_pnl: realized, unrealized_pnl: unrealized } = values;
  if (realized !== undefined && unrealized !== undefined && unrealized !== null) {
    derived.pnl = format.add(realized, unrealized);
    if (Number(investment)) {
      derived.pnl_percent = ((Number(derived.pnl) / Number(investment)) * 100).toFixed(2);
    }
  }
  return derived;
}

export function write(element, value) {
  const kind = element.dataset.as;
  const shown = format[kind](value);
  element.dataset.value = value ?? "";
  if (element.textContent === shown) return;
  element.textContent = shown;
  if (kind === "gain" || kind === "signed" || kind === "exact") {
    element.classList.remove("up", "down", "flat");
    element.classList.add(format.tone(value));
  }
  flash(element);
}

function flash(element) {
  if (element.classList.contains("flash")) return;
  element.classList.add("flash");
  element.addEventListener("animationend", () => element.classList.remove("flash"), { once: true });
}

/** True where the page shows this bot. */
export function show(id, values) {
  const roots = document.querySelectorAll(`[data-bot="${CSS.escape(id)}"]`);
  for (const root of roots) {
    const all = figures(values, root.dataset.investment);
    for (const element of root.querySelectorAll("[data-field]")) {
      if (all[element.dataset.field] !== undefined) write(element, all[element.dataset.field]);
    }
  }
  return roots.length > 0;
}
