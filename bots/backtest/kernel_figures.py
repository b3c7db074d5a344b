"""What a run was worth: the floats of `metrics`, without a series in memory. Between two fills the equity is linear in
the price, so most of the closes need not be looked at one by one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bots.backtest.jit import jit, kernel

SPAN = 32  # closes

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Closes(NamedTuple):
    """The closes in 1e-8, the lowest and highest of each SPAN of them, and the sums of the first 0, 1, 2, ... of them,
    less their mean, which keeps these small."""

    close: Numbers
    bottoms: Numbers
    tops: Numbers
    sums: Floats
    mean: float


def closes_of(close: Numbers) -> Closes:
    starts, mean = np.arange(0, len(close), SPAN), float(close.mean())
    bottoms, tops = np.minimum.reduceat(close, starts), np.maximum.reduceat(close, starts)
    return Closes(close, bottoms, tops, np.concatenate(([0.0], np.cumsum(close - mean))), mean)


@kernel
def figures(
    closes: Closes, states: Numbers, ends: Numbers, daily: Floats, investment: float
) -> tuple[float, float, float]:
    """Final equity, maximum drawdown and exposure, of a run with these `states` (candle, cash, base). Money is in 1e-8.
    The equity at the candles `ends` goes to `daily`."""
    close, count = closes.close, len(closes.close)
    cash, base, highest, worst, held, total = investment, 0.0, 0.0, 1.0, 0.0, 0.0
    candle, day = 0, 0
    for number in range(len(states) + 1):
        until = states[number, 0] if number < len(states) else count
        highest, worst = fallen(closes, candle, until, cash, base, highest, worst)
        part = base * (closes.sums[until] - closes.sums[candle] + closes.mean * (until - candle))
        held, total = held + part, total + part + cash * (until - candle)
        while day < len(ends) and ends[day] < until:
            daily[day] = cash + base * close[ends[day]]
            day += 1
        candle = until
        if number < len(states):
            cash, base = float(states[number, 1]), states[number, 2] * 1e-8
    return cash + base * close[-1], worst - 1.0, held / total if total > 0.0 else 0.0


@jit
def fallen(  # noqa: PLR0917 - compiled functions take no keywords
    closes: Closes, candle: int, until: int, cash: float, base: float, highest: float, worst: float
) -> tuple[float, float]:
    """The highest equity so far, and the least that it ever was of that, after these candles."""
    close, bottoms, tops = closes.close, closes.bottoms, closes.tops
    while candle < until:
        span, end = candle // SPAN, min(until, (candle // SPAN + 1) * SPAN)
        top, peak = cash + base * tops[span], max(highest, cash + base * tops[span])
        deepest, whole = cash + base * bottoms[span], end - candle == SPAN
        if worst >= 0.0 and deepest >= worst * peak and (whole or top <= highest):
            highest, candle = peak, end  # no deeper fall in it
        for number in range(candle, end):
            equity = cash + base * close[number]
            highest = max(highest, equity)
            if equity < worst * highest:
                worst = equity / highest
        candle = end
    return highest, worst
