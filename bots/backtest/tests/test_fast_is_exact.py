"""The short way and the exact replay give the same fills, states and sums, to the last digit."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.backtest.fast import FastGrid, fast_grid
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.replay import TookTooLong, replay
from bots.backtest.run import Case, Run
from bots.backtest.tests.market import BTC, GRID, MINUTE, columns, flat
from bots.core.preflight import preflight_grid
from bots.core.risk import RiskLimits
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig

D = Decimal
SURE = [FillModelName.OHLC, FillModelName.LOW_FIRST, FillModelName.HIGH_FIRST]


def walk(seed: int, count: int, step: float) -> list[tuple[float, float, float, float]]:
    """A market that returns to 100: candles overlap, gape, and now and then jump over several levels."""
    chance, price, rows = random.Random(seed), 100.0, []
    for _ in range(count):
        opened = max(1.0, price + chance.choice([0, 0, 0, chance.gauss(0, step)]))
        close = max(1.0, opened + chance.gauss(0, step) + (100 - opened) * 0.02)
        high = max(opened, close) + abs(chance.gauss(0, step / 2))
        low = max(0.5, min(opened, close) - abs(chance.gauss(0, step / 2)))
        rows.append((round(opened, 2), round(high, 2), round(low, 2), round(close, 2)))
        price = close
    return rows


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, FillModelName]:
    market = replace(
        BTC,
        tick=draw(st.sampled_from([D("0.01"), D("0.1"), D("0.5")])),
        lot=draw(st.sampled_from([D("0.000001"), D("0.00001"), D("0.001"), D("0.1")])),
        min_quantity=D("0.000001"),
        maker_fee=draw(st.sampled_from([D(0), D("0.00075"), D("0.001"), D("0.002")])),
        fee_in_base_on_buy=draw(st.booleans()),
    )
    low, high = draw(st.integers(70, 99)), draw(st.integers(101, 140))
    config = GridConfig(
        D(low), D(high), draw(st.integers(2, 40)), D(draw(st.integers(100, 100_000))),
        spacing=draw(st.sampled_from(["arithmetic", "geometric"])),
    )  # fmt: skip
    rows = walk(
        draw(st.integers(0, 10**9)), draw(st.integers(2, 120)), draw(st.sampled_from([0.3, 2.0, 8.0]))
    )
    return Case(config, market, columns(*rows), MINUTE), draw(st.sampled_from(SURE))


def sums(run: Run) -> tuple[object, ...]:
    slots = {number: tally for number, tally in run.slots.items() if number >= 0 and tally.cycles}
    return run.fills, run.states, run.profits, slots, run.realized, run.stopped


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_same_in_any_market(chosen: tuple[Case, FillModelName]) -> None:
    case, model = chosen
    assert isinstance(case.config, GridConfig)
    if not preflight_grid(case.config, case.market, D(int(case.candles.close[0])) / 10**8, None).ok:
        return
    found = fast_grid(case, MODELS[model])
    if found is not None:
        assert sums(found) == sums(replay(case, MODELS[model]))


def test_it_is_sure_of_an_ordinary_grid() -> None:
    case = Case(GRID, BTC, columns(*walk(1, 500, 2.0)), MINUTE)
    found = fast_grid(case, MODELS[FillModelName.OHLC])
    assert found is not None
    assert len(found.fills) > 50
    assert sums(found) == sums(replay(case, MODELS[FillModelName.OHLC]))


def test_dust_of_whole_lots_that_nobody_would_buy_ends_a_cycle() -> None:
    market = replace(BTC, lot=D("0.000001"), min_quantity=D("0.000001"))
    case = Case(GRID, market, columns(*walk(3, 500, 2.0)), MINUTE)
    found = fast_grid(case, MODELS[FillModelName.OHLC])
    assert found is not None
    assert sums(found) == sums(replay(case, MODELS[FillModelName.OHLC]))


def test_it_gives_up_when_its_time_is_over() -> None:
    case = Case(GRID, BTC, columns(*walk(1, 500, 2.0)), MINUTE)
    with pytest.raises(TookTooLong):
        FastGrid(replace(case, until=-1.0), GRID).run(MODELS[FillModelName.OHLC])


@pytest.mark.parametrize(
    "changes",
    [
        {"config": replace(GRID, stop_loss_price=D(80))},
        {"config": replace(GRID, trigger_price=D(90))},
        {"config": replace(GRID, post_only=False)},
        {"config": DCAConfig(amount=D(10), interval=60)},
        {"limits": RiskLimits()},
        {"candles": columns(flat(98))},
    ],
)
def test_it_leaves_to_the_engine_what_only_the_engine_knows(changes: dict[str, object]) -> None:
    case = Case(GRID, BTC, columns(flat(98), flat(97)), MINUTE)
    assert fast_grid(case, MODELS[FillModelName.OHLC]) is not None
    assert fast_grid(replace(case, **changes), MODELS[FillModelName.OHLC]) is None
