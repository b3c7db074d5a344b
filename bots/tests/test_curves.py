"""The database's figures of a curve are those one would count by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bots.curves import equity, max_drawdown
from bots.tests.records import plain_bot, snapshot

FIRST = datetime(2024, 1, 31, 23, 0, tzinfo=UTC)  # a month ends on the way
MINUTE = 60_000


@pytest.fixture
def bot(alice):
    return plain_bot(alice)


def walked(bot, values):
    start = int(FIRST.timestamp() * 1000)
    for number, value in enumerate(values):
        snapshot(bot_id=bot.pk, time=start + number * MINUTE, equity=Decimal(value), realized=Decimal(number))


@pytest.mark.parametrize(
    "values",
    [[], [100], [100, 100], [100, 120, 90, 110], [100, 50, 200, 99], [0, 0], [0, 10, 5], [3, 2, 1, 9]],
)
def test_the_drawdown_is_the_deepest_fall_between_any_two_moments(bot, values):
    walked(bot, values)
    falls = [Decimal(low) / high - 1 for n, high in enumerate(values) if high for low in values[n:]]
    assert max_drawdown(bot) == pytest.approx(min([Decimal(0), *falls]), abs=Decimal("1e-12"))


@pytest.mark.parametrize("most", [1, 7, 30, 99, 100, 101])
def test_a_thinned_curve_has_every_nth_minute_and_the_last(bot, most):
    walked(bot, range(100))
    step = max(1, 100 // most)
    wanted = sorted({*range(0, 100, step), 99})
    assert [int(worth) for _, worth, _ in equity(bot, most=most)] == wanted


def test_a_curve_can_begin_and_end_anywhere(bot, alice):
    walked(bot, range(10))
    walked(plain_bot(alice), range(20))
    begin, end = (FIRST + timedelta(minutes=n) for n in (3, 6))
    assert [int(worth) for _, worth, _ in equity(bot, begin, end)] == [3, 4, 5, 6]
    assert [int(worth) for _, worth, _ in equity(bot, begin)] == list(range(3, 10))
    assert equity(bot, end, begin) == []
