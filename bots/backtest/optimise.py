"""What an optimiser is asked: a backtest with ranges instead of some of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bots.backtest import kept, service
from bots.backtest.score import Score
from bots.backtest.space import Space, read_space
from bots.core.strategies.config import FieldError
from bots.models import Backtest, BacktestKind
from bots.services.errors import InvalidConfig

MOST_CONFIGS = 10_000
MOST_FOLDS = 12
LEAST_DRAWDOWN = 0.001
METHODS = ("grid", "random")


@dataclass(frozen=True, slots=True)
class OptimizeRequest(service.Request):
    """`config` holds what all have in common, `ranges` the values of the others: `{"values": [...]}`, or
    `{"from": ..., "to": ..., "step": ...}`, with `"unit": "percent"` where they are percent of the first close.
    `method` grid tries all combinations, random `max_configs` of them. `heatmap` names its two fields. `folds` 0: no
    walk-forward."""

    ranges: Mapping[str, Any] = field(default_factory=dict)
    objective: str = "sharpe_ratio"
    method: str = METHODS[0]
    max_configs: int = 1000
    seed: int = 0
    folds: int = 4
    heatmap: tuple[str, ...] = ()

    @property
    def space(self) -> Space:
        """Raises InvalidConfig."""
        return read_space(self.strategy, self.config, self.ranges)


def objective_of(name: str, score: Score) -> float | None:
    """The larger the better; None for one that never traded, or of which the objective says nothing."""
    return OBJECTIVES[name](score) if score.trades else None


OBJECTIVES = {
    "sharpe_ratio": lambda score: score.sharpe,
    "sortino_ratio": lambda score: score.sortino,
    "total_return": lambda score: score.total_return,
    # A drawdown of less than 0.1 % counts as one of 0.1 %: next to none says next to nothing.
    "return_over_drawdown": lambda score: score.total_return / max(-score.max_drawdown, LEAST_DRAWDOWN),
}


def count_configs(request: OptimizeRequest) -> int:
    """How many would be tried. Raises InvalidConfig."""
    found = len(request.space)
    return min(found, request.max_configs) if request.method == "random" else found


def submit_optimize(*, user: Any, request: OptimizeRequest) -> Backtest:
    """Raises InvalidConfig, ExchangeError, and IllegalMove where the user has too many."""
    check(request)
    kept.count_start(user=user)
    return kept.enqueue(user=user, kind=BacktestKind.OPTIMIZE, request=request_json(request))


def check(request: OptimizeRequest) -> None:
    """What can be known without the candles. Raises InvalidConfig and ExchangeError."""
    if not 1 <= request.max_configs <= MOST_CONFIGS:
        raise _refuse("max_configs", f"Must be a whole number from 1 to {MOST_CONFIGS:,}.")
    if not 0 <= request.folds <= MOST_FOLDS:
        raise _refuse("folds", f"Must be a whole number from 0 to {MOST_FOLDS}.")
    if (count := count_configs(request)) > request.max_configs:
        detail = (
            f"They make {count:,} configs, and max_configs is {request.max_configs:,} (at most {MOST_CONFIGS:,}): "
            "take larger steps, or the method random."
        )
        raise _refuse("ranges", detail)
    if request.heatmap and (
        len(set(request.heatmap)) != 2 or not set(request.heatmap) <= set(request.ranges)
    ):
        raise _refuse("heatmap", "Name two different fields that have a range.")
    service.check_market(request)


def request_json(request: OptimizeRequest) -> dict[str, Any]:
    own = ("objective", "method", "max_configs", "seed", "folds")
    found = {name: getattr(request, name) for name in own}
    ranges = {name: kept.plain_config(value) for name, value in _as_mappings(request.ranges)}
    return {**kept.request_json(request), **found, "ranges": ranges, "heatmap": list(request.heatmap)}


def _as_mappings(ranges: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, {"values": v} if isinstance(v, list | tuple) else v) for name, v in ranges.items()]


def request_of(data: dict[str, Any]) -> OptimizeRequest:
    """The request that was kept as `data`."""
    names = ("ranges", "objective", "method", "max_configs", "seed", "folds")
    plain = kept.request_of(data)
    base = {name: getattr(plain, name) for name in service.Request.__dataclass_fields__}
    return OptimizeRequest(**base, **{n: data[n] for n in names}, heatmap=tuple(data["heatmap"]))


def like(request: OptimizeRequest, config: Mapping[str, Any]) -> service.Request:
    """The backtest of one of the configs."""
    names = service.Request.__dataclass_fields__
    return replace(service.Request(**{name: getattr(request, name) for name in names}), config=config)


def _refuse(name: str, detail: str) -> InvalidConfig:
    return InvalidConfig([FieldError(name, "invalid", detail)])
