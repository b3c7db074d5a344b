"""The few figures and two curves that a form shows while somebody drags: those of `report`, without a list of every
fill, which takes ten times as long as the walk itself."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from bots.backtest import metrics
from bots.backtest.fast import is_ready
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.report import CURVE_POINTS, report
from bots.backtest.run import NO_LIMITS, Case
from bots.backtest.written import stopped
from marketdata.columns import SCALE

if TYPE_CHECKING:
    from bots.backtest.compiled import Outcome

OHLC = FillModelName.OHLC
ROOM = 2**18  # fills; memory that is not written to is not taken
EXTREMES = (FillModelName.LOW_FIRST, FillModelName.HIGH_FIRST)


def glance(case: Case, *, band: bool) -> dict[str, Any]:
    """A part of `report(case, OHLC)`, where the kernel is sure; otherwise all of it, with the exact replay's patience.
    Without `band` it takes a third of the time. Raises TookTooLong."""
    found = _outcomes(case, [OHLC, *EXTREMES] if band else [OHLC])
    if found is None:
        return report(case, OHLC)
    done, candles, investment = found[0], case.candles, float(case.config.investment)
    equity, times = _equity(done), candles.time + case.width
    shown = {
        "total_return": round(float(equity[-1]) / investment - 1, 8),
        "max_drawdown": round(metrics.max_drawdown(times, equity).depth, 8),
        "total_trades": done.trades,
        "cycles": len(done.profits),
        "fees_quote": done.fees / SCALE,
        "buy_and_hold_return": round(float(candles.close[-1] / candles.close[0]) - 1, 8),
        "stopped": stopped(case, done.bot),
        "equity_curve": metrics.thinned(times, equity, CURVE_POINTS),
        "buy_and_hold_curve": metrics.thinned(
            times, candles.close / float(candles.close[0]) * investment, CURVE_POINTS
        ),
    }
    if band:
        totals = [float(_equity(each)[-1]) / investment - 1 for each in found]
        shown["band"] = {"pessimistic": round(min(totals), 8), "optimistic": round(max(totals), 8)}
    return shown


def _outcomes(case: Case, names: Sequence[FillModelName]) -> "list[Outcome] | None":
    """One for each model, at the same time; None where only the exact replay can tell of one."""
    if case.limits is not NO_LIMITS or not is_ready():
        return None
    from bots.backtest import compiled  # late: numba takes a second

    with ThreadPoolExecutor(len(names)) as pool:
        found = list(pool.map(lambda name: compiled.outcome(case, MODELS[name], room=ROOM), names))
    sure = [each for each in found if isinstance(each, compiled.Outcome)]
    return sure if len(sure) == len(found) else None


def _equity(done: "Outcome") -> metrics.Series:
    """At each close."""
    states, candles = done.states, done.case.candles
    stays = np.diff(np.concatenate(([0], states[:, 0], [len(candles)])))
    first = float(done.case.config.investment) * SCALE
    cash, base = (
        np.repeat(np.concatenate(([before], states[:, column])) / SCALE, stays)
        for before, column in ((first, 1), (0.0, 2))
    )
    equity: metrics.Series = cash + base * (candles.close / SCALE)
    return equity
