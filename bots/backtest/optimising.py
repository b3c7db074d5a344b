"""The optimiser's work in the background: from a kept request to what was found."""

import time
from functools import partial
from itertools import islice
from math import sqrt
from typing import Any

import numpy as np

from bots.backtest import luck, metrics, optimise, service
from bots.backtest.fast import run_of
from bots.backtest.heat import heatmap
from bots.backtest.optimise import OptimizeRequest
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.replay import TookTooLong
from bots.backtest.run import Case
from bots.backtest.search import Trials, first_close, try_all
from bots.backtest.service import Found, refuse
from bots.backtest.waiting import LOADING, LONGEST, when_loaded
from bots.backtest.walk_forward import folds_of, in_words, parts_of
from bots.backtest.watch import Watch
from bots.core.strategies.config import ConfigError, FieldError, read_config
from bots.models import Backtest, BacktestKind, BacktestStatus

MOST_BEST = 20
MOST_ROWS = 1000  # of the table, the best


def run_optimise(row: Backtest, watch: Watch) -> tuple[Any, dict[str, Any]]:
    request = optimise.request_of(row.request)
    found = when_loaded(partial(service.market_and_candles, request), watch)
    return Optimising(request, found, watch).run(earlier_trials(row))


def earlier_trials(row: Backtest) -> int:
    """What the user has tried before on this market in this time: luck does not begin anew with each search."""
    asked = row.request
    others = Backtest.objects.filter(
        user=row.user,
        kind=BacktestKind.OPTIMIZE,
        status=BacktestStatus.DONE,
        request__symbol=asked["symbol"],
        request__exchange=asked["exchange"],
        request__start_date__lte=asked["end_date"],
        request__end_date__gte=asked["start_date"],
    ).exclude(request=asked)
    return sum(summary["tested"] for summary in others.values_list("summary", flat=True))


class Optimising:
    def __init__(self, request: OptimizeRequest, found: Found, watch: Watch) -> None:
        self.request, self.found, self.watch = request, found, watch
        self.space = request.space
        self.chosen = self.space.choose(
            request.max_configs, request.seed if request.method == "random" else None
        )
        self.parts = parts_of(found, request.folds)
        self.until = time.monotonic() + LONGEST
        self.done = 0.0

    def run(self, earlier: int) -> tuple[dict[str, Any], dict[str, Any]]:
        trials = self.sweep(self.found, 1.0, "Trying")
        best = self.best(trials)
        parts = [self.sweep(part, 1 / len(self.parts), "Walk-forward: trying") for part in self.parts]
        folds = folds_of(parts, self.found.width)
        judged = self.luck(trials, best[0], earlier)
        result = {
            "objective": self.request.objective,
            "tested": len(trials.tested),
            "refused": len(self.chosen) - len(trials.tested),
            "ranges": {axis.field: list(axis.values) for axis in self.space.axes},
            "units": {axis.field: "percent" if axis.percent else "absolute" for axis in self.space.axes},
            "best": [self.shown(trials, number) | {"config": trials.configs[number]} for number in best],
            "table": [self.shown(trials, number) for number in trials.ranking[:MOST_ROWS]],
            "heatmap": heatmap(self.space, self.chosen, trials.values, self.request.heatmap),
            "walk_forward": folds,
            "walk_forward_sentence": in_words(folds, self.request.folds),
            "luck": judged,
            "buy_and_hold_return": float(self.found.candles.close[-1] / self.found.candles.close[0]) - 1,
            "candles": len(self.found.candles),
            "start": int(self.found.candles.time[0]) + self.found.width,
            "end": int(self.found.candles.time[-1]) + self.found.width,
        }
        return result, summary_of(result)

    def sweep(self, found: Found, weight: float, doing: str) -> Trials:
        """`weight` is this sweep's part of a sweep over all candles."""
        count = len(self.chosen)
        whole = count * (2 if self.parts else 1)

        def tell(more: int) -> None:
            self.done += more * weight
            self.watch.tell(LOADING + (1 - LOADING) * self.done / whole, f"{doing} {count:,} configs.")
            self.watch.check()
            if time.monotonic() > self.until:
                raise TookTooLong

        price, tick = first_close(found.candles), found.market.tick
        configs = [self.space.config(numbers, price, tick) for numbers in self.chosen]
        return try_all(self.request, configs, found, tell, self.should_stop)

    def should_stop(self) -> bool:
        return self.watch.should_stop() or time.monotonic() > self.until

    def best(self, trials: Trials) -> list[int]:
        """The best that pass the whole pre-flight. Raises InvalidConfig where no config would start and trade."""
        passing = (n for n in trials.ranking if not self.failures(trials, n))
        if found := list(islice(passing, MOST_BEST)):
            return found
        count = len(self.chosen)
        if trials.tested:
            raise refuse("ranges", "no_trades", f"None of the {count:,} configs traded in this time.")
        why = " ".join(error.detail for error in self.failures(trials, 0))
        raise refuse("ranges", "none_starts", f"None of the {count:,} configs would start. The first: {why}")

    def failures(self, trials: Trials, number: int) -> list[FieldError]:
        try:
            config = read_config(self.request.strategy, trials.configs[number])
        except ConfigError as refused:
            return refused.errors
        return service.failures_at(config, self.found.market, trials.first_close)

    def shown(self, trials: Trials, number: int) -> dict[str, Any]:
        score = trials.scores[number]
        assert score is not None  # noqa: S101 - it has a rank
        return {
            "values": self.space.values(self.chosen[number]),
            "score": trials.values[number],
            "total_return": score.total_return,
            "sharpe_ratio": score.sharpe,
            "max_drawdown": score.max_drawdown,
            "win_rate": score.win_rate,
            "total_trades": score.trades,
        }

    def luck(self, trials: Trials, best: int, earlier: int) -> dict[str, Any]:
        config = read_config(self.request.strategy, trials.configs[best])
        case = Case(config, *self.found, slippage=self.request.slippage, should_stop=self.should_stop)
        investment, candles = float(config.investment), self.found.candles
        run = run_of(case, MODELS[FillModelName(self.request.fill_model)])
        equity, _ = metrics.equity_curve(run, candles, investment)
        returns = metrics.daily_returns(candles.time + self.found.width - 1, equity, investment)
        ratios = np.array([score.sharpe for score in trials.tested]) / sqrt(metrics.YEAR_DAYS)
        found = luck.judge(returns, ratios, len(trials.tested) + earlier)
        return {
            "probability": found.probability,
            "likely_luck": found.likely,
            "sentence": found.sentence,
            "trials": len(trials.tested) + earlier,
            "earlier_trials": earlier,
            "days": len(returns),
        }


def summary_of(result: dict[str, Any]) -> dict[str, Any]:
    names = ("score", "total_return", "sharpe_ratio", "max_drawdown", "win_rate", "total_trades")
    own = ("objective", "tested", "refused", "buy_and_hold_return", "candles", "start", "end")
    luck_of = {name: result["luck"][name] for name in ("probability", "likely_luck")}
    return {**{n: result["best"][0][n] for n in names}, **{n: result[n] for n in own}, **luck_of}
