// What the form's bot would have done: asked while somebody drags, one question at a time, the newest one next. What takes
// longest to compute is left out of these and asked for when nothing changes any more.

const SOON = 60; // milliseconds: what is changed in one go is one question
const RESTS = 400;
const AGAIN = 800; // while candles are being fetched
const PATIENT = 1_000; // with a question that is out of date
const WAITS = 5_000; // after an answer that did not come

export class Replay {
  #waiting = null;
  #asking = null;
  #changed = false;

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

  ask(delay = SOON, quick = true) {
    this.#changed = quick;
    if (this.#asking) {
      if (Date.now() - this.#asking.since > PATIENT) this.#asking.control.abort();
      return;
    }
    if (delay === SOON && this.#waiting?.delay === SOON) return; // the one that waits will ask for this too
    clearTimeout(this.#waiting?.timer);
    this.#waiting = { delay, timer: setTimeout(() => this.#fetch(quick), delay) };
  }

  /** The form will stay as it is: what is being computed for an earlier state of it is not waited for. */
  settle() {
    if (this.#asking && this.#changed) this.#asking.control.abort();
    else if (this.#waiting?.delay === SOON) this.ask(0);
  }

  async #fetch(quick) {
    this.#waiting = null;
    const control = new AbortController();
    this.#asking = { control, since: Date.now() };
    this.#changed = false;
    this.box.setAttribute("aria-busy", "true");
    let next = null;
    try {
      const { signal } = control;
      const answer = await fetch(this.box.dataset.url, { method: "POST", body: this.#body(quick), signal });
      if (answer.redirected) return location.reload(); // signed out meanwhile
      if (!answer.ok) throw new Error(answer.statusText);
      this.box.innerHTML = await answer.text();
      if (this.box.querySelector("[data-loading]")) next = [AGAIN];
      else if (this.box.querySelector("[data-partial]")) next = [RESTS, false];
    } catch (error) {
      if (error.name !== "AbortError") {
        this.box.innerHTML = '<p class="muted">It could not be computed now. Asking again…</p>';
        next = [WAITS];
      }
    }
    this.#asking = null;
    this.box.removeAttribute("aria-busy");
    if (this.#changed) this.ask(0);
    else if (next) this.ask(...next);
  }

  #body(quick) {
    const body = new FormData(this.form);
    body.set("days", this.form.querySelector('[data-days][aria-pressed="true"]').dataset.days);
    if (quick) body.set("quick", "");
    return body;
  }
}
