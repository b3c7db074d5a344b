"""Walk-forward: the best on one part of the time, judged on the next, which it was not chosen by."""

from itertools import pairwise
from statistics import fmean, median
from typing import Any

import numpy as np

from bots.backtest.metrics import DAY
from bots.backtest.search import Trials
from bots.backtest.service import Found
from marketdata.columns import Columns

FEWEST_CANDLES = 50  # of a part


def parts_of(found: Found, folds: int) -> list[Found]:
    """folds + 1 parts of equal time, one after the other; none where they would be too short to say anything."""
    candles = found.candles
    if not folds:
        return []
    edges = np.linspace(int(candles.time[0]), int(candles.time[-1]) + found.width, folds + 2)
    at = np.searchsorted(candles.time, edges)
    if (at[1:] - at[:-1]).min() < FEWEST_CANDLES or edges[1] - edges[0] < DAY:
        return []
    return [found._replace(candles=_slice(candles, int(a), int(b))) for a, b in pairwise(at)]


def _slice(candles: Columns, first: int, after: int) -> Columns:
    names = ("time", "open", "high", "low", "close", "volume")
    return Columns(*(getattr(candles, name)[first:after] for name in names))


def folds_of(parts: list[Trials], width: int) -> list[dict[str, Any]]:
    """One for each part but the last; nothing for those on which no config had a value."""
    return [_fold(fit, judge, width) for fit, judge in pairwise(parts) if fit.ranking]


def _fold(fit: Trials, judge: Trials, width: int) -> dict[str, Any]:
    """Returns are of the whole part, as fractions; a config that could not start there has earned nothing."""
    best = fit.ranking[0]
    fitted, judged = fit.scores[best], judge.scores[best]
    assert fitted is not None  # noqa: S101 - it has a rank
    closes = judge.candles.close
    return {
        **_span("fit", fit.candles, width),
        **_span("judge", judge.candles, width),
        "config": judge.configs[best],
        "fit_score": fit.values[best],
        "fit_return": fitted.total_return,
        "judged_score": judge.values[best],
        "judged_return": judged.total_return if judged else 0.0,
        "median_return": median(score.total_return for score in judge.tested) if judge.tested else 0.0,
        "buy_and_hold_return": float(closes[-1] / closes[0]) - 1,
    }


def _span(name: str, candles: Columns, width: int) -> dict[str, int]:
    return {f"{name}_start": int(candles.time[0]) + width, f"{name}_end": int(candles.time[-1]) + width}


def in_words(folds: list[dict[str, Any]], asked: int) -> str:
    if not folds:
        return "The time is too short for a walk-forward: choose more days, or fewer folds." if asked else ""
    judged, fitted, others, held = (
        fmean(fold[name] for fold in folds)
        for name in ("judged_return", "fit_return", "median_return", "buy_and_hold_return")
    )
    return (
        f"Chosen on one part and judged on the next, the best returned {judged:+.2%} a part "
        f"({fitted:+.2%} where it was chosen); a middling config returned {others:+.2%}, "
        f"buying and holding {held:+.2%}."
    )
