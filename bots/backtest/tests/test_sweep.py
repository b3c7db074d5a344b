from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from bots.backtest import compiled, metrics
from bots.backtest.fast import run_of
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.report import report
from bots.backtest.run import Case, StrategyConfig
from bots.backtest.score import score
from bots.backtest.sweep import CHUNK, scores
from bots.backtest.tests.chance import walk
from bots.backtest.tests.market import BTC, GRID, MINUTE, columns
from bots.core.strategies.dca import DCAConfig

CANDLES = columns(*walk(5, 3000, 2.0))
DEAL = DCAConfig(Decimal(100), price_drop=Decimal(2), max_orders=4, take_profit=Decimal(2))
CONFIGS = [replace(GRID, grid_count=2 + number % 9) for number in range(CHUNK + 10)]


def test_the_scores_are_those_of_single_runs_in_the_order_of_the_configs() -> None:
    found = list(scores(CONFIGS, BTC, CANDLES, MINUTE, FillModelName.OHLC))
    cases = [Case(config, BTC, CANDLES, MINUTE) for config in CONFIGS[:9]]
    single = [score(case, run_of(case, MODELS[FillModelName.OHLC])) for case in cases]
    assert len(found) == len(CONFIGS)
    for ours, theirs in zip(found, single, strict=False):
        for one, other in zip(ours, theirs, strict=True):
            assert one == other or one == pytest.approx(other, rel=1e-9, abs=1e-12)
    assert len(set(found)) == 9


@pytest.mark.parametrize("config", [GRID, DEAL])
def test_a_score_is_what_the_report_says(config: StrategyConfig) -> None:
    (found,) = scores([config], BTC, CANDLES, MINUTE, FillModelName.OHLC)
    told = report(Case(config, BTC, CANDLES, MINUTE), FillModelName.OHLC)
    assert found.annualized_return == pytest.approx(told["annualized_return"])
    names = {
        "sharpe": "sharpe_ratio",
        "sortino": "sortino_ratio",
        "trades": "total_trades",
        "fees": "fees_quote",
    }
    for name, value in found._asdict().items():
        assert value == pytest.approx(told[names.get(name, name)], abs=1e-7)


def test_a_sweep_ends_when_it_is_told_to() -> None:
    answers = iter([False, True])
    found = list(scores(CONFIGS, BTC, CANDLES, MINUTE, FillModelName.OHLC, should_stop=lambda: next(answers)))
    assert 0 < len(found) < len(CONFIGS)


@pytest.mark.parametrize("seed", range(40))
def test_figures_without_a_series_are_those_of_the_series(seed: int) -> None:
    candles = columns(*walk(seed, 700, 1.0))
    case, model = Case(DEAL if seed % 2 else GRID, BTC, candles, MINUTE), MODELS[FillModelName.OHLC]
    found = compiled.outcome(case, model)
    assert isinstance(found, compiled.Outcome)
    closes, ends = compiled.closes_of(candles.close), metrics.day_ends(candles.time + MINUTE - 1)
    equity, drawdown, exposure = found.figures(closes, ends, np.empty(len(ends)))
    curve, held = metrics.equity_curve(run_of(case, model), candles, float(case.config.investment))
    assert equity == pytest.approx(curve[-1], rel=1e-12)
    assert drawdown == pytest.approx(metrics.max_drawdown(candles.time, curve).depth, rel=1e-12)
    assert exposure == pytest.approx(metrics.exposure(curve, held), rel=1e-9)
