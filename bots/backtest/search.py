"""Tries configs over candles, on all cores."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bots.backtest.feasible import feasible
from bots.backtest.optimise import OptimizeRequest, objective_of
from bots.backtest.path import FillModelName
from bots.backtest.run import StrategyConfig
from bots.backtest.score import Score
from bots.backtest.service import Found
from bots.backtest.sweep import scores
from bots.core.strategies.config import ConfigError, read_config
from marketdata.columns import SCALE, Columns

Report = Callable[[int], None]  # of how many more were tried; raises where the search should end
CHUNK = 256


@dataclass(slots=True)
class Trials:
    """What came of `configs` over one stretch of candles; None for a config that could not start there."""

    candles: Columns
    configs: list[dict[str, Any]]
    scores: list[Score | None]
    values: list[float | None] = field(default_factory=list)

    @property
    def ranking(self) -> list[int]:
        """Those that have a value, the best first; of equals the first one tried."""
        valued = [(-value, number) for number, value in enumerate(self.values) if value is not None]
        return [number for _, number in sorted(valued)]

    @property
    def tested(self) -> list[Score]:
        return [score for score in self.scores if score is not None]

    @property
    def first_close(self) -> Decimal:
        return first_close(self.candles)


def first_close(candles: Columns) -> Decimal:
    return Decimal(int(candles.close[0])) / SCALE


def try_all(
    request: OptimizeRequest,
    configs: list[dict[str, Any]],
    found: Found,
    tell: Report,
    should_stop: Callable[[], bool],
) -> Trials:
    """Every config over the candles, each a bot that starts at the first close."""
    price = first_close(found.candles)
    trials = Trials(found.candles, configs, [None] * len(configs))
    ready: dict[int, StrategyConfig] = {}
    for number, config in enumerate(configs):
        if not number % CHUNK:
            tell(0)
        parsed = _parsed(request.strategy, config)
        if parsed is not None and feasible(parsed, found.market, [price])[0]:
            ready[number] = parsed
    tell(len(configs) - len(ready))
    model = FillModelName(request.fill_model)
    asked = list(ready.values()), *found, model
    answers = scores(*asked, slippage=request.slippage, should_stop=should_stop)
    for number, score in zip(ready, answers, strict=False):
        trials.scores[number] = score
        tell(1)
    tell(0)
    trials.values = [score and objective_of(request.objective, score) for score in trials.scores]
    return trials


def _parsed(strategy: str, config: dict[str, Any]) -> StrategyConfig | None:
    try:
        return read_config(strategy, config)
    except ConfigError:  # values that do not go together
        return None
