"""Many configs over the same candles: what an optimiser asks for."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import islice

import numpy as np

from bots.backtest import metrics
from bots.backtest.fast import is_ready
from bots.backtest.path import MODELS, FillModel, FillModelName
from bots.backtest.replay import replay
from bots.backtest.run import Case, StrategyConfig
from bots.backtest.score import Score, score
from bots.core.types import ZERO, Market
from marketdata.columns import SCALE, Columns

CHUNK = 64  # configs on their way at once


def scores(
    configs: Sequence[StrategyConfig],
    market: Market,
    candles: Columns,
    width: int,
    model: FillModelName,
    *,
    slippage: Decimal = ZERO,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[Score]:
    """One score for each config, in their order, on all cores; ends early when `should_stop` says so, which is asked
    every few configs. `width` is the candles' length in ms; the configs must have passed the pre-flight at the first
    close, and there must be two candles at least."""
    kernel = _Kernel(candles, width, MODELS[model]) if is_ready() and len(candles) else None

    def one(config: StrategyConfig) -> Score:
        case = Case(config, market, candles, width, slippage=slippage, should_stop=should_stop or bool)
        found = kernel(case) if kernel else None
        return found or score(case, replay(case, MODELS[model]))

    left = iter(configs)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while chunk := list(islice(left, CHUNK)):
            if should_stop is not None and should_stop():
                return
            yield from pool.map(one, chunk)


class _Kernel:
    """Scores by the compiled kernels, which release the GIL. What depends on the candles alone is made once."""

    def __init__(self, candles: Columns, width: int, model: FillModel) -> None:
        from bots.backtest import compiled  # late: numba takes a second

        self.compiled, self.model = compiled, model
        self.blocks, self.closes = compiled.blocks_of(candles), compiled.closes_of(candles.close)
        self.ends = metrics.day_ends(candles.time + width - 1)
        self.elapsed = int(candles.time[-1] - candles.time[0])

    def __call__(self, case: Case) -> Score | None:
        """None where only the exact replay can tell."""
        done = self.compiled.outcome(case, self.model, self.blocks)
        if isinstance(done, str):
            return None
        daily, investment = np.empty(len(self.ends)), float(case.config.investment)
        equity, drawdown, exposure = done.figures(self.closes, self.ends, daily)
        returns, total = metrics.returns_of(daily / SCALE, investment), equity / investment - 1
        return Score(
            total_return=total,
            annualized_return=metrics.annualized(total, self.elapsed),
            sharpe=metrics.sharpe_ratio(returns),
            sortino=metrics.sortino_ratio(returns),
            max_drawdown=drawdown,
            win_rate=float((done.profits > 0).mean()) if len(done.profits) else 0.0,
            trades=done.trades,
            fees=done.fees / SCALE,
            final_equity=equity,
            exposure=exposure,
        )
