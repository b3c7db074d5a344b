// Shows every <time> in the browser's own zone. The server wrote UTC into the title, which stays.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const year = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

export function local(date, now = new Date()) {
  if (date.toDateString() === now.toDateString()) return clock.format(date);
  return (date.getFullYear() === now.getFullYear() ? day : year).format(date);
}

export function localise(root = document) {
  const now = new Date();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const shown = local(new Date(element.dateTime), now);
    if (element.textContent !== shown) element.textContent = shown;
  }
}
