"""Every fill of a stretch, from exchanges that answer a page of it: the oldest or the newest."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.core.types import Candle, Fill, Liquidity, Side
from exchanges.connector.paging import MINUTE, all_fills, candles

PAGE, WINDOW = 5, 1_000


def fill(number: int, time: int) -> Fill:
    one = Decimal(1)
    return Fill(str(number), "9", "BTC/USDT", Side.BUY, one, one, one, "BTC", Liquidity.MAKER, time)


@given(st.lists(st.integers(0, 5_000), max_size=60), st.booleans(), st.integers(0, 2_000))
def test_all_of_them_come_once_and_in_order(times: list[int], newest: bool, start: int) -> None:
    """No more than a page in one millisecond: no exchange could be asked for the rest."""
    kept = sorted(time for time in times if times.count(time) < PAGE)
    there = [fill(number, time) for number, time in enumerate(kept, start=100)]
    asked = []

    async def ask(low: int, high: int) -> list[Fill]:
        assert low <= high <= low + WINDOW
        asked.append((low, high))
        found = [each for each in there if low <= each.time <= high]
        return found[-PAGE:] if newest else found[:PAGE]

    got = asyncio.run(all_fills(ask, start, 5_000, window=WINDOW, page=PAGE))
    assert got == [each for each in there if each.time >= start]
    assert len(asked) <= 6 + len(there)


@pytest.mark.parametrize("missing", [0, 3, 2_500])
def test_candles_begin_where_there_are_any(missing: int) -> None:
    first, now = missing * MINUTE, 3_000 * MINUTE
    asked = []

    async def ask(start: int, most: int) -> list[Candle]:
        asked.append(start)
        times = range(max(start, first), min(start + most * MINUTE, now), MINUTE)
        return [Candle(time, *(Decimal(1),) * 5) for time in reversed(times)]

    got = asyncio.run(candles(ask, 0, 10, now=now))
    assert [candle.time for candle in got] == [first + each * MINUTE for each in range(10)]
    assert len(asked) <= 4
