from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.core.types import Candle
from marketdata.models import Ohlcv, Timeframe
from marketdata.selectors import candles
from marketdata.services import store_candles
from marketdata.tests.market import MINUTE, NOON, candle, minutes

pytestmark = pytest.mark.django_db
MARKET: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT"}
MONTH_END = 1_727_740_800_000 - 90 * MINUTE  # the series runs across the border of 2024-10-01 UTC


def naive(minutes: list[Candle], width: int) -> list[Candle]:
    """The reference: plain Python, one bucket after the other."""
    buckets: dict[int, list[Candle]] = {}
    for each in sorted(minutes, key=lambda each: each.time):
        buckets.setdefault(each.time - each.time % width, []).append(each)
    return [
        Candle(
            time,
            group[0].open,
            max(each.high for each in group),
            min(each.low for each in group),
            group[-1].close,
            sum((each.volume for each in group), Decimal(0)),
        )
        for time, group in sorted(buckets.items())
    ]


@st.composite
def series(draw: st.DrawFn) -> list[Candle]:
    """Minutes with holes and full decimals, over up to two days around a month's border."""
    offsets = draw(st.sets(st.one_of(st.integers(0, 200), st.integers(0, 2880)), min_size=1, max_size=60))
    number = st.integers(1, 10**16).map(lambda units: Decimal(units).scaleb(-8))
    drawn = []
    for offset in offsets:
        low, first, last, high = sorted(draw(st.tuples(number, number, number, number)))
        if draw(st.booleans()):
            first, last = last, first
        drawn.append(Candle(MONTH_END + offset * MINUTE, first, high, low, last, draw(number)))
    return drawn


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=series(), timeframe=st.sampled_from(Timeframe.values))
def test_every_timeframe_equals_a_naive_sum_of_its_minutes(drawn: list[Candle], timeframe: str) -> None:
    Ohlcv.objects.all().delete()
    store_candles(**MARKET, candles=drawn)
    expected = naive(drawn, Timeframe(timeframe).milliseconds)
    start = min(each.time for each in drawn) // 86_400_000 * 86_400_000
    assert candles(**MARKET, timeframe=timeframe, start=start) == expected
    assert candles(**MARKET, timeframe=timeframe) == expected


def test_the_forming_bucket_is_answered_from_the_minutes_it_has() -> None:
    store_candles(**MARKET, candles=minutes(NOON, 7))
    closed, forming = candles(**MARKET, timeframe="5m")
    assert (closed.time, closed.volume) == (NOON, Decimal("7.5"))
    assert (forming.time, forming.close, forming.volume) == (NOON + 5 * MINUTE, Decimal(101), Decimal(3))


def test_buckets_are_whole_wherever_the_range_begins_and_ends() -> None:
    store_candles(**MARKET, candles=minutes(NOON, 20))
    found = candles(**MARKET, timeframe="5m", start=NOON + 1, end=NOON + 11 * MINUTE)
    assert [(each.time, each.volume) for each in found] == [
        (NOON + 5 * MINUTE, Decimal("7.5")),
        (NOON + 10 * MINUTE, Decimal("7.5")),
    ]


def test_a_limit_keeps_the_first_from_start_and_the_last_without() -> None:
    store_candles(**MARKET, candles=minutes(NOON, 20))
    first = candles(**MARKET, timeframe="1m", start=NOON, limit=2)
    last = candles(**MARKET, timeframe="1m", limit=2)
    before = candles(**MARKET, timeframe="1m", end=NOON + 5 * MINUTE, limit=2)
    assert [each.time - NOON for each in first] == [0, MINUTE]
    assert [each.time - NOON for each in last] == [18 * MINUTE, 19 * MINUTE]
    assert [each.time - NOON for each in before] == [3 * MINUTE, 4 * MINUTE]


def test_paging_by_start_jumps_over_a_long_hole() -> None:
    later = NOON + 30 * 1440 * MINUTE
    store_candles(**MARKET, candles=[candle(NOON), candle(later)])
    (found,) = candles(**MARKET, timeframe="1m", start=NOON + MINUTE, limit=10)
    assert found.time == later


def test_an_empty_range_and_an_empty_market_have_no_candles() -> None:
    store_candles(**MARKET, candles=[candle(NOON)])
    assert candles(**MARKET, timeframe="1h", start=NOON, end=NOON) == []
    assert candles(**MARKET, timeframe="1h", start=NOON + 60 * MINUTE) == []
    assert candles(exchange="binance", symbol="ETH/USDT", timeframe="1h") == []
