import numpy as np
import pytest

from bots.backtest import metrics
from bots.backtest.tests.market import GRID, columns, flat, run
from marketdata.columns import SCALE

DAY = metrics.DAY


def test_equity_is_cash_and_what_the_base_is_worth_at_each_close() -> None:
    candles = columns(flat(98), (98, 98, 95, 96), (96, 100, 96, 99))
    found = run(candles)
    equity, held = metrics.equity_curve(found, candles, float(GRID.investment))
    for number, mark in enumerate((98, 96, 99)):
        state = [each for each in found.states if each.candle <= number][-1]
        assert equity[number] == pytest.approx((state.cash + state.base * mark) / SCALE)
        assert held[number] == pytest.approx(state.base * mark / SCALE)


def test_exposure_is_what_was_held_on_average_as_a_part_of_the_average_equity() -> None:
    assert metrics.exposure(np.array([100.0, 50.0]), np.array([20.0, 40.0])) == pytest.approx(60 / 150)
    assert metrics.exposure(np.array([100.0, -100.0]), np.array([20.0, 40.0])) == 0


def test_daily_returns_are_between_the_ends_of_utc_days() -> None:
    times = np.array([0, DAY - 1, DAY, 2 * DAY - 1, 2 * DAY])
    returns = metrics.daily_returns(times, np.array([1.0, 110.0, 1.0, 99.0, 99.0]), 100.0)
    assert returns == pytest.approx([0.1, -0.1, 0.0])


def test_sharpe_and_sortino_by_hand() -> None:
    returns = np.array([0.01, -0.01, 0.02])
    assert metrics.sharpe_ratio(returns) == pytest.approx((0.02 / 3) / 0.0152752523 * 365**0.5)
    assert metrics.sortino_ratio(returns) == pytest.approx((0.02 / 3) / (0.0001 / 3) ** 0.5 * 365**0.5)
    assert metrics.sharpe_ratio(np.array([0.01])) == 0.0
    assert metrics.sortino_ratio(np.array([0.01, 0.02])) is None
    assert metrics.sortino_ratio(np.array([-0.01])) is None


def test_the_deepest_fall_and_how_long_it_lasted() -> None:
    times = np.arange(7) * DAY
    found = metrics.max_drawdown(times, np.array([100.0, 120.0, 90.0, 100.0, 120.0, 110.0, 130.0]))
    assert found.depth == pytest.approx(-0.25)
    assert found.length == 3 * DAY
    assert metrics.max_drawdown(times[:2], np.array([1.0, 2.0])) == metrics.Drawdown(0.0, 0)
    assert metrics.max_drawdown(times[:3], np.array([2.0, 1.0, 1.5])).length == 2 * DAY


def test_a_year_of_ten_percent_in_half_a_year() -> None:
    assert metrics.annualized(0.1, metrics.YEAR // 2) == pytest.approx(0.21)
    assert metrics.annualized(0.1, DAY // 2) is None
    assert metrics.annualized(-1.0, metrics.YEAR) == -1.0
    assert metrics.annualized(1.0, 2 * DAY) is None


def test_a_thinned_curve_keeps_its_extremes_and_its_ends() -> None:
    values = np.sin(np.arange(100_000) / 50) * np.arange(100_000)
    values[12_345], values[54_321] = 1e9, -1e9
    times = np.arange(100_000)
    thin = metrics.thinned(times, values, 1000)
    assert len(thin) <= 1000
    assert [12_345, 1e9] in thin
    assert [54_321, -1e9] in thin
    assert (thin[0][0], thin[-1][0]) == (0, 99_999)
    assert metrics.thinned(times[:3], values[:3], 1000) == [[i, round(float(values[i]), 8)] for i in range(3)]
