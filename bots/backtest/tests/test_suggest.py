"""A suggested grid follows from volatility, fees and money, and would start."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.backtest.suggest import (
    FEE_SHARE,
    HOUR,
    Seen,
    explained,
    grid_of,
    hourly_volatility,
    moves_of,
    range_of,
    span_volatility,
    step_of,
)
from bots.backtest.tests.market import BTC, START, flat
from bots.backtest.tests.market import columns as rows
from bots.core.preflight import preflight_grid
from bots.services.errors import InvalidConfig
from marketdata import columns
from marketdata.columns import SCALE, Columns

MUCH = Decimal(1_000_000)


def walk(volatility: float, hours: int = 24 * 30, price: float = 50_000, seed: int = 1) -> Columns:
    """Hourly candles of a random walk of this daily volatility."""
    steps = np.random.default_rng(seed).normal(0, volatility / 24**0.5, hours)
    closes = (price * np.exp(np.cumsum(steps)) * SCALE).astype(np.int64)
    times = START + HOUR * np.arange(hours, dtype=np.int64)
    return Columns(times, closes, closes, closes, closes, np.ones(hours))


def seen(volatility: float = 0.03, price: str = "50000", days: int = 30) -> Seen:
    return Seen(BTC, Decimal(price), walk(volatility, price=float(price)), days, volatility, volatility)


def test_volatility_is_that_of_the_walk() -> None:
    assert hourly_volatility(walk(0.03, 10_000)) == pytest.approx(0.03, rel=0.03)


def test_the_extremes_tell_the_same_of_a_walk_and_less_where_the_price_comes_back() -> None:
    walks = [walk(0.03, 24 * 60, seed=seed) for seed in range(40)]
    assert np.mean([span_volatility(each) for each in walks]) == pytest.approx(0.03, rel=0.1)
    back_and_forth = rows(*(flat(100 + number % 2) for number in range(60 * 48)))
    hours = columns.aggregate(back_and_forth, 7 * 60_000)
    assert span_volatility(hours) < hourly_volatility(hours) / 4


def test_a_walk_stays_inside_as_often_as_is_said() -> None:
    reasons = explained(grid_of(seen(), MUCH), seen()).reasons
    lower, upper = (float(price) / 50_000 for price in range_of(seen()))
    inside = 0
    for seed in range(400):
        closes = walk(0.03, price=1.0, seed=seed).close / SCALE
        inside += bool(lower < closes.min() and closes.max() < upper)
    assert inside / 400 == pytest.approx(reasons["stays_inside"], abs=0.06)


def test_more_volatile_is_wider_and_longer_too() -> None:
    calm, wild, long = (range_of(seen(v, days=d)) for v, d in ((0.01, 30), (0.05, 30), (0.01, 120)))
    assert wild[0] < long[0] < calm[0] < calm[1] < long[1] < wild[1]


def test_fees_take_a_fifth_of_a_step() -> None:
    found = explained(grid_of(seen(), MUCH), seen())
    assert found.reasons["fee_share"] == pytest.approx(FEE_SHARE, rel=0.05)
    assert found.reasons["fee_share"] <= FEE_SHARE
    cheap = replace(seen(), market=replace(BTC, maker_fee=Decimal("0.0005")))
    assert grid_of(cheap, MUCH).grid_count == pytest.approx(2 * found.config["grid_count"], abs=2)


def test_little_money_makes_fewer_grids_and_too_little_is_refused() -> None:
    assert 2 <= grid_of(seen(), Decimal(100)).grid_count < grid_of(seen(), MUCH).grid_count
    with pytest.raises(InvalidConfig, match="invest at least"):
        grid_of(seen(), Decimal(5))


@given(
    st.floats(0, 0.3),
    st.decimals(5, 90_000, places=2),
    st.integers(2, 365),
    st.decimals(200, 100_000, places=2),
)
def test_what_is_suggested_would_start(
    volatility: float, price: Decimal, days: int, investment: Decimal
) -> None:
    known = Seen(BTC, price, rows(flat(1.0)), days, volatility, volatility)
    try:
        config = grid_of(known, investment)
    except InvalidConfig:
        assert investment < 1000
        return
    found = preflight_grid(config, BTC, price, None)
    assert found.ok or [error.code for error in found.failures] == ["too_large"]
    assert config.lower_price < price < config.upper_price


def test_moves_are_counted_from_where_the_price_last_moved_a_step() -> None:
    closes = np.array([100, 100.5, 101.1, 100.5, 100.2, 99.9, 103.1])
    assert moves_of(closes, 0.01) == 1 + 1 + 3


def test_without_fees_there_is_a_smallest_step() -> None:
    assert step_of(replace(BTC, maker_fee=Decimal(0))) == 0.001
