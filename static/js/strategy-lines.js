// The lines a strategy would draw into the chart, from the values of its form. Numbers here are only drawn.

/** A grid's levels: buys below the price, sales above it. None while the values make no grid. */
export function gridLines({ lower_price: low, upper_price: high, grid_count: count, spacing }, price, tick) {
  if (!(low > 0 && high > low && count >= 2 && count <= 500)) return [];
  const at = (i) =>
    spacing === "geometric" ? low * (high / low) ** (i / count) : low + ((high - low) * i) / count;
  const onTick = (value) => (tick ? Math.round(value / tick) * tick : value);
  return Array.from({ length: count + 1 }, (_, i) => {
    const level = onTick(at(i));
    return { price: level, side: level < price ? "buy" : "sell", state: "open" };
  });
}

/** The buys of a DCA deal that began at `price`, and where it would take its profit. */
export function dealLines(
  { price_drop: first, max_orders: most, step_scale: scale, take_profit: profit },
  price,
) {
  const lines = [];
  for (let i = 1, drop = 0, step = first; step && i <= most && i < 100; i++) {
    drop += step;
    step *= scale || 1;
    if (drop < 100) lines.push({ price: price * (1 - drop / 100), side: "buy", state: "open" });
  }
  return price && profit
    ? [...lines, { price: price * (1 + profit / 100), side: "sell", state: "open" }]
    : lines;
}

/** The average true range of the last bars (Wilder's, as a plain mean); null where there are too few. */
export function averageTrueRange(bars, length = 14) {
  if (bars.length <= length) return null;
  const last = bars.slice(-length - 1);
  const ranges = last
    .slice(1)
    .map(({ high, low }, i) => Math.max(high, last[i].close) - Math.min(low, last[i].close));
  return ranges.reduce((sum, range) => sum + range, 0) / length;
}
