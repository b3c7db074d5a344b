"""What the comparison with other backtesters counts on; the others themselves are no part of the tests."""

from typing import Any

import pytest

from benchmarks.backtest import CONFIG
from benchmarks.peers.job import Ours, candles
from benchmarks.peers.run import difference

FILLS = [(0, "buy", 55_300.0, 0.1), (7, "sell", 56_500.0, 0.01)]
MINE = Ours({}, FILLS, 10_100.0)


def test_its_market_has_no_gaps_and_no_candle_as_wide_as_a_level() -> None:
    found = candles(5000)
    assert (found.close[:-1] == found.open[1:]).all()
    level = (CONFIG["upper_price"] - CONFIG["lower_price"]) / CONFIG["grid_count"]
    assert (found.high - found.low).max() / 1e8 < level
    assert (found.low <= found.open).all()
    assert (found.high >= found.close).all()


def test_the_same_fills_in_another_order_and_floats_are_the_same() -> None:
    theirs = [[7, "sell", 56_500.0, 0.010000000000002], [0, "buy", 55_299.99999999999, 0.1]]
    assert difference(MINE, theirs, 10_100.000001) == ""


@pytest.mark.parametrize(
    ("fills", "equity", "says"),
    [
        ([FILLS[0], (8, "sell", 56_500.0, 0.01)], 10_100.0, "fill 1"),
        (FILLS[:1], 10_100.0, "2 fills here and 1 there"),
        (FILLS, 10_100.02, "equity"),
    ],
)
def test_what_differs_is_said(fills: list[Any], equity: float, says: str) -> None:
    assert says in difference(MINE, fills, equity)
