"""Many configs over the same candles: what an optimiser asks for."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from bots.backtest.fast import run_of
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.run import Case, StrategyConfig
from bots.backtest.score import Score, score
from bots.core.types import Market
from marketdata.columns import Columns

CHUNK = 64  # configs on their way at once


def scores(
    configs: Sequence[StrategyConfig],
    market: Market,
    candles: Columns,
    width: int,
    model: FillModelName,
    *,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[Score]:
    """One score for each config, in their order, on all cores; ends early when `should_stop` says so, which is asked
    every few configs. `width` is the candles' length in ms; the configs must have passed the pre-flight at the first
    close, and there must be two candles at least."""

    def one(config: StrategyConfig) -> Score:
        case = Case(config, market, candles, width, should_stop=should_stop or bool)
        return score(case, run_of(case, MODELS[model]))

    left = iter(configs)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while chunk := list(islice(left, CHUNK)):
            if should_stop is not None and should_stop():
                return
            yield from pool.map(one, chunk)
