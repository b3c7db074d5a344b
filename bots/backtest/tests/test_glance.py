"""What a form shows is a part of the whole report, figure for figure."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bots.backtest.glance import glance
from bots.backtest.path import FillModelName
from bots.backtest.report import report
from bots.backtest.run import Case, StrategyConfig
from bots.backtest.tests.market import BTC, GRID, MINUTE, columns
from bots.core.risk import RiskLimits
from bots.core.strategies.dca import DCAConfig

SWING = columns(*[(100, 107, 93, 100 + number % 7) for number in range(60)])


@pytest.mark.parametrize("band", [True, False])
@pytest.mark.parametrize(
    "config",
    [
        GRID,
        replace(GRID, stop_loss_price=Decimal(94)),
        replace(GRID, trailing_up=True, reinvest=True),
        DCAConfig(Decimal(100), price_drop=Decimal(2), take_profit=Decimal(1)),
    ],
)
def test_it_says_what_the_report_says(config: StrategyConfig, band: bool) -> None:
    case = Case(config, BTC, SWING, MINUTE)
    found, whole = glance(case, band=band), report(case, FillModelName.OHLC)
    assert found["total_trades"] > 1
    assert ("band" in found, "trades" in found) == (band, False)
    assert found == {name: whole[name] for name in found}


def test_what_only_the_exact_replay_can_tell_it_tells_whole() -> None:
    case = Case(GRID, BTC, SWING, MINUTE, RiskLimits())
    assert glance(case, band=False) == report(case, FillModelName.OHLC)
