// How numbers look; bots/templatetags/trade.py does the same on the server. Amounts are decimal strings and
// stay exact: Intl formats strings without going through floating point.

const MINUS = "−";
const formats = new Map();

function text(value, least, most, signDisplay = "negative") {
  if (value === null || value === undefined || value === "") return "–";
  const key = `${least}/${most}/${signDisplay}`;
  if (!formats.has(key)) {
    const options = { minimumFractionDigits: least, maximumFractionDigits: most, signDisplay };
    formats.set(key, new Intl.NumberFormat("en-US", options));
  }
  return formats.get(key).format(String(value)).replace("-", MINUS);
}

export const money = (value) => text(value, 2, 2);
export const price = (value) => text(value, 2, 8);
export const average = (value) => text(value, 2, Number(value) >= 1000 ? 2 : Number(value) >= 1 ? 4 : 8);
export const quantity = (value) => text(value, 0, 8);
export const fixed = (value, decimals) => text(value, decimals, decimals);
export const count = (value) => text(value, 0, 0);
export const signed = (value) => text(value, 2, 2, "exceptZero");
export const percent = (value) => {
  const shown = signed(value);
  return shown === "–" ? shown : `${shown}%`;
};
export const gain = signed;

/** Every decimal, for sums that must add up to the eye as well. */
export const exact = (value) => text(value, 2, 8, "exceptZero");

/** up, down or flat, judged on what is shown. */
export function tone(value) {
  const shown = signed(value);
  if (shown.startsWith("+")) return "up";
  return shown.startsWith(MINUS) ? "down" : "flat";
}

const SCALE = 8;

function units(value) {
  const [whole, decimals = ""] = String(value).replace("-", "").split(".");
  const size = BigInt(whole + decimals.padEnd(SCALE, "0").slice(0, SCALE));
  return String(value).startsWith("-") ? -size : size;
}

function decimal(whole) {
  const digits = String(whole < 0n ? -whole : whole).padStart(SCALE + 1, "0");
  return `${whole < 0n ? "-" : ""}${digits.slice(0, -SCALE)}.${digits.slice(-SCALE)}`;
}

/** The exact sum of decimal strings of at most 8 decimals. */
export function add(...values) {
  return decimal(values.reduce((total, value) => total + units(value), 0n));
}

/** The product of two decimal strings, cut after 8 decimals. */
export const multiply = (value, other) => decimal((units(value) * units(other)) / 10n ** BigInt(SCALE));

export const negative = (value) => (String(value).startsWith("-") ? String(value).slice(1) : `-${value}`);
