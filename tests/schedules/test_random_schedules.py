"""Sixty schedules of faults, deaths and users' whims, always the same sixty, half of them on Binance's wire, the
others on three more: each ends with the books equal."""

import pytest

from tests.schedules.play import play, shrunk
from tests.schedules.steps import drawn

pytestmark = pytest.mark.no_cover  # measured, they take three times as long
SCHEDULES, BLOCK = 60, 5
EXCHANGES = ("binance", "bybit", "binance", "mexc", "binance", "okx")


@pytest.mark.parametrize("first", range(0, SCHEDULES, BLOCK))
def test_the_books_agree_whatever_happens(schedules: None, first: int) -> None:
    exchange = EXCHANGES[first // BLOCK % len(EXCHANGES)]
    for seed in range(first, first + BLOCK):
        verdict = play(drawn(seed, exchange=exchange))
        if verdict.violations:
            smaller = shrunk(verdict)
            told = "\n".join(["", str(smaller.schedule), *smaller.violations, *smaller.log[-30:]])
            pytest.fail(told, pytrace=False)


def test_the_same_seed_is_the_same_schedule(schedules: None) -> None:
    """Otherwise no failure could be made smaller."""
    one, other = play(drawn(7)), play(drawn(7))
    assert (one.deaths, one.gates, one.struck) == (other.deaths, other.gates, other.struck)
    assert one.gates.total() > 100
