"""Kernel and exact replay: the same fills, states and sums, to the last digit. The seeds are the tests' names."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bots.backtest import compiled
from bots.backtest.fast import fast_run
from bots.backtest.metrics import equity_curve
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.replay import TookTooLong, replay
from bots.backtest.run import Case, Run
from bots.backtest.tests.chance import case_of, walk
from bots.backtest.tests.market import BTC, GRID, MINUTE, columns
from bots.core.risk import RiskLimits
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from marketdata import candle_files
from marketdata.columns import SCALE, Columns

pytestmark = pytest.mark.no_cover  # measured, the replays take ten times as long
D = Decimal
CASES, AT_ONCE = 1000, 50
FOLLOWED = 10_000  # candles along which a grid that moves is replayed: it fills all the time
OHLC = MODELS[FillModelName.OHLC]
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
FILES = sorted(DATA.glob("binance_spot_*.csv.gz")) if DATA.exists() else []


def sums(run: Run) -> tuple[object, ...]:
    slots = {number: tally for number, tally in run.slots.items() if tally.cycles}
    return run.fills, run.states, run.profits, slots, run.realized, run.stopped, run.shift


@pytest.mark.parametrize("first", range(0, CASES, AT_ONCE))
def test_the_same_in_any_market(first: int) -> None:
    replayed = 0
    for seed in range(first, first + AT_ONCE):
        case, name = case_of(seed)
        found = fast_run(case, MODELS[name])
        if isinstance(found, str):
            replayed += 1
            continue
        exact = replay(case, MODELS[name])
        assert sums(found) == sums(exact), f"seed {seed}, {name}: {case.config} on {case.market}"
        (ours, _), (theirs, _) = (
            equity_curve(run, case.candles, float(case.config.investment)) for run in (found, exact)
        )
        assert (ours == theirs).all()
    assert replayed <= AT_ONCE // 10


def real(path: Path) -> Columns:
    now = int(datetime.now(UTC).timestamp() * 1000)
    width = 3_600_000 if "_1h_" in path.name else MINUTE
    rows = candle_files.read(path, width=width, now=now).good
    prices = [
        np.array([int(Decimal(text) * SCALE) for text in rows[name]], np.int64)
        for name in ("open", "high", "low", "close")
    ]
    return Columns(rows["time"].to_numpy(), *prices, volume=rows["volume"].cast(float).to_numpy())  # type: ignore[misc]


@pytest.mark.skipif(not FILES, reason="the real candles are not on this machine")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_same_on_real_candles(path: Path) -> None:
    candles = real(path)
    width = 3_600_000 if "_1h_" in path.name else MINUTE
    low, high, first = (
        D(int(price)) / SCALE for price in (candles.low.min(), candles.high.max(), candles.close[0])
    )
    grid = replace(
        GRID, lower_price=low * 9 // 8, upper_price=high * 7 // 8, grid_count=20, investment=D(10_000)
    )
    deal = DCAConfig(
        D(100),
        price_drop=D(1),
        step_scale=D("1.1"),
        volume_scale=D("1.2"),
        max_orders=12,
        take_profit=D("1.5"),
    )
    clock = DCAConfig(
        D(50), interval=43_200, take_profit=D(5), trailing=D("0.7"), stop_loss=D(12), max_investment=D(5_000)
    )
    around = replace(grid, lower_price=first * 3 // 4, upper_price=first * 5 // 4, grid_count=8)
    both = replace(around, trailing_up=True, trailing_down=True)
    grids = (
        (grid, FillModelName.OHLC),
        (replace(both, reinvest=True), FillModelName.OHLC),
        (replace(both, trailing_up_limit=high * 3 // 4), FillModelName.NEXT_CANDLE),
        (replace(grid, post_only=False, stop_loss_price=first / 2), FillModelName.NEXT_CANDLE),
        (replace(both, spacing="geometric", post_only=False, reinvest=True), FillModelName.LOW_FIRST),
    )
    deals = (
        (deal, FillModelName.OHLC),
        (replace(deal, trailing=D("0.5"), stop_loss=D(20), cooldown=3600), FillModelName.NEXT_CANDLE),
        (clock, FillModelName.LOW_FIRST),
    )
    turn = FILES.index(path)  # one of each for a file: the replay of a year takes seconds
    begin = candles.within(int(candles.time[0]), int(candles.time[0]) + FOLLOWED * width)
    for config, name in (grids[turn % len(grids)], deals[turn % len(deals)]):
        follows = isinstance(config, GridConfig) and (config.trailing_up or config.trailing_down)
        case = Case(config, BTC, begin if follows else candles, width)
        found = fast_run(case, MODELS[name])
        assert isinstance(found, Run), found
        assert sums(found) == sums(replay(case, MODELS[name]))


def test_dust_of_whole_lots_that_nobody_would_buy_ends_a_cycle() -> None:
    market = replace(BTC, lot=D("0.000001"), min_quantity=D("0.000001"))
    case = Case(GRID, market, columns(*walk(3, 500, 2.0)), MINUTE)
    found = fast_run(case, OHLC)
    assert isinstance(found, Run)
    assert len(found.fills) > 50
    assert sums(found) == sums(replay(case, OHLC))


def test_a_walk_in_parts_is_the_same_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(GRID, BTC, columns(*walk(4, 300, 2.0)), MINUTE)
    whole = fast_run(case, OHLC)
    monkeypatch.setattr(compiled, "PART", 7)
    parts = fast_run(case, OHLC)
    assert isinstance(whole, Run)
    assert isinstance(parts, Run)
    assert sums(parts) == sums(whole)


@pytest.mark.parametrize("changes", [{"until": 0.0}, {"should_stop": lambda: True}])
def test_a_walk_ends_between_two_parts_when_it_is_told_to(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(GRID, BTC, columns(*walk(4, 300, 2.0)), MINUTE)
    monkeypatch.setattr(compiled, "PART", 100)
    with pytest.raises(TookTooLong):
        fast_run(replace(case, **changes), OHLC)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limits": RiskLimits()}, "limits"),
        ({"market": replace(BTC, maker_fee=D("0.00012345678901"))}, "finer"),
        ({"config": replace(GRID, investment=D(10) ** 12)}, "beyond|larger"),
    ],
)
def test_it_says_why_only_the_engine_can_tell(changes: dict[str, object], why: str) -> None:
    case = Case(GRID, BTC, columns(*walk(1, 20, 2.0)), MINUTE)
    assert isinstance(fast_run(case, OHLC), Run)
    found = fast_run(replace(case, **changes), OHLC)
    assert isinstance(found, str)
    assert any(word in found for word in why.split("|"))
