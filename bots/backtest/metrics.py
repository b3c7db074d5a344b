"""What a run was worth. Ratios are fractions (0.05 is 5 %), times ms. Floats: these are figures to judge by, and no
order depends on them; the money itself is counted in `replay`, exactly."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bots.backtest.run import Run
from marketdata.columns import SCALE, Columns

DAY = 86_400_000
YEAR_DAYS = 365
YEAR = YEAR_DAYS * DAY
MOST_GROWTH = 1e6  # a year's, beyond which a figure is no figure

Series = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Drawdown:
    """`depth` is negative; `length` ms from the maximum until it was reached again, or until the end."""

    depth: float
    length: int


def holdings(run: Run, count: int, investment: float) -> tuple[Series, Series]:
    """Cash and base at the close of each of `count` candles."""
    ends = np.array([0, *(state.candle for state in run.states), count], np.int64)
    stays = np.diff(ends)
    cash = np.array([investment * SCALE, *(float(state.cash) for state in run.states)]) / SCALE
    base = np.array([0.0, *(float(state.base) for state in run.states)]) / SCALE
    return np.repeat(cash, stays), np.repeat(base, stays)


def equity_curve(run: Run, candles: Columns, investment: float) -> tuple[Series, Series]:
    """Equity at each close, and what of it is in the base coin."""
    cash, base = holdings(run, len(candles), investment)
    held = base * (candles.close / SCALE)
    return cash + held, held


def exposure(equity: Series, held: Series) -> float:
    """sum(held) / sum(equity): what was in the base coin on average, as a part of the average equity. 0 where there was
    no equity on average."""
    total = float(equity.sum())
    return float(held.sum()) / total if total > 0 else 0.0


def day_ends(times: Numbers) -> Numbers:
    """The last of each UTC day. `times` ascend."""
    if not len(times):
        return np.zeros(0, np.int64)
    midnights = np.arange(times[0] // DAY + 1, times[-1] // DAY + 2) * DAY
    return np.unique(np.searchsorted(times, midnights)) - 1


def daily_returns(times: Numbers, equity: Series, investment: float) -> Series:
    return returns_of(equity[day_ends(times)], investment)


def returns_of(ends: Series, investment: float) -> Series:
    """From day's end to day's end (UTC); the first day counts from the investment."""
    ends = np.concatenate(([investment], ends))
    return np.diff(ends) / ends[:-1] if (ends[:-1] > 0).all() else np.zeros(0)


def sharpe_ratio(returns: Series) -> float:
    """mean / standard deviation (n - 1) of daily returns, times sqrt(365); no riskless rate. 0 where undefined.
    Sharpe, W. F. (1994), The Sharpe Ratio."""
    if len(returns) < 2 or not (spread := float(returns.std(ddof=1))):
        return 0.0
    return float(returns.mean()) / spread * YEAR_DAYS**0.5


def sortino_ratio(returns: Series) -> float | None:
    """mean / root of the mean squared loss of daily returns, times sqrt(365); the target is 0. None where undefined:
    fewer than two days, or no day that lost.
    Sortino, F. and Price, L. (1994), Performance Measurement in a Downside Risk Framework."""
    if len(returns) < 2 or not (loss := float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2)))):
        return None
    return float(returns.mean()) / loss * YEAR_DAYS**0.5


def max_drawdown(times: Numbers, equity: Series) -> Drawdown:
    """min(equity / highest so far - 1)."""
    highest = np.maximum.accumulate(equity)
    parts = np.divide(equity, highest, out=np.ones_like(equity), where=highest > 0)
    bottom = int(parts.argmin())
    if parts[bottom] >= 1:
        return Drawdown(0.0, 0)
    top = int(np.flatnonzero(equity[: bottom + 1] == highest[bottom])[-1])
    back = np.flatnonzero(equity[bottom:] >= highest[bottom])
    end = bottom + int(back[0]) if len(back) else len(equity) - 1
    return Drawdown(float(parts[bottom]) - 1, int(times[end] - times[top]))


def annualized(total_return: float, elapsed: int) -> float | None:
    """(1 + r) ** (year / elapsed) - 1, the rate that compounds to `total_return` in `elapsed` ms; -1 where all is lost.
    None where it says nothing: below a day, and where it would be a million fold or more."""
    if elapsed < DAY:
        return None
    if total_return <= -1:
        return -1.0
    growth = YEAR / elapsed * math.log1p(total_return)
    return math.expm1(growth) if growth < math.log(MOST_GROWTH) else None


def thinned(times: Numbers, values: Series, points: int) -> list[list[float]]:
    """About `points` of the pairs, with the first, lowest, highest and last of each stretch: no extreme is lost."""
    count = len(values)
    if count <= points:
        chosen = np.arange(count)
    else:
        edges = np.linspace(0, count, points // 4 + 1).astype(np.int64)
        stretches = [(int(a), int(b)) for a, b in pairwise(edges) if b > a]
        picks = [
            (a, a + int(values[a:b].argmin()), a + int(values[a:b].argmax()), b - 1) for a, b in stretches
        ]
        chosen = np.unique(np.array(picks))
    pairs = zip(times[chosen].tolist(), values[chosen].tolist(), strict=True)
    return [[time, round(value, 8)] for time, value in pairs]
