// What the form's bot would have done: asked again when the form has changed, the newest question alone counts.

const SOON = 300; // milliseconds: while somebody drags, nothing is computed
const AGAIN = 800; // while candles are being fetched

export class Replay {
  #waiting = null;
  #asking = null;

  constructor(form) {
    this.form = form;
    this.box = form.querySelector("#past");
    form.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-days]");
      if (!button) return;
      for (const other of button.parentElement.children) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      this.ask(0);
    });
  }

  ask(delay = SOON) {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#fetch(), delay);
  }

  async #fetch() {
    this.#asking?.abort();
    this.#asking = new AbortController();
    const body = new FormData(this.form);
    body.set("days", this.form.querySelector('[data-days][aria-pressed="true"]').dataset.days);
    this.box.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(this.box.dataset.url, { method: "POST", body, signal: this.#asking.signal });
      if (!answer.ok) throw new Error(answer.statusText);
      this.box.innerHTML = await answer.text();
      if (this.box.querySelector("[data-loading]")) this.ask(AGAIN);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.box.textContent = "It could not be computed now.";
    }
    this.box.removeAttribute("aria-busy");
  }
}
