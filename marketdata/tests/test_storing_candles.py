from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bots.core.types import Candle
from marketdata.models import Ohlcv
from marketdata.selectors import candles, last_candle_time, missing_ranges
from marketdata.services import StoreReport, store_candles
from marketdata.tests.market import MINUTE, NOON, candle, minutes

pytestmark = pytest.mark.django_db
MARKET: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT"}


def stored() -> list[Candle]:
    return candles(**MARKET, timeframe="1m")


def test_what_was_stored_comes_back_to_the_last_digit() -> None:
    given = replace(
        candle(NOON), high=Decimal("9999999999.99999999"), volume=Decimal("9999999999999999.99999999")
    )
    assert store_candles(**MARKET, candles=[given]).stored == 1
    assert stored() == [given]


def test_an_import_overwrites_its_minutes_and_no_others() -> None:
    store_candles(**MARKET, candles=minutes(NOON, 3))
    better = candle(NOON + MINUTE, close="109.12345678")
    store_candles(**MARKET, candles=[better])
    first, _, third = minutes(NOON, 3)
    assert stored() == [first, better, third]


def test_of_a_minute_given_twice_the_last_counts_and_is_reported() -> None:
    report = store_candles(**MARKET, candles=[candle(NOON, "91"), candle(NOON, "92")])
    assert (report.stored, dict(report.rejected)) == (1, {"given twice": 1})
    assert stored() == [candle(NOON, "92")]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (candle(NOON + 20_799), "not on the minute"),
        (candle(NOON // 1000 // MINUTE * MINUTE), "time out of range"),
        (candle(4_102_444_800_000), "time out of range"),
        (candle(-MINUTE), "time out of range"),
        (candle(NOON, open="0", low="0"), "price not"),
        (candle(NOON, low="-1"), "price not"),
        (candle(NOON, close="NaN"), "price not"),
        (candle(NOON, high="Infinity"), "price not"),
        (candle(NOON, high="10000000000"), "price not"),
        (candle(NOON, close="100.123456789"), "price not"),
        (candle(NOON, volume="-0.1"), "volume not"),
        (candle(NOON, volume="sNaN"), "volume not"),
        (candle(NOON, volume="10000000000000000"), "volume not"),
        (candle(NOON, high="99"), "high below"),
        (candle(NOON, close="111"), "high below"),
        (candle(NOON, low="101"), "low above"),
        (candle(NOON, close="89"), "low above"),
    ],
)
def test_a_bad_row_is_counted_and_the_good_ones_are_stored(bad: Candle, why: str) -> None:
    report = store_candles(**MARKET, candles=[bad, candle(NOON)])
    assert report.stored == 1
    assert [(reason.startswith(why), count) for reason, count in report.rejected.items()] == [(True, 1)]
    assert stored() == [candle(NOON)]


def test_trailing_zeros_beyond_the_eighth_decimal_do_no_harm() -> None:
    assert store_candles(**MARKET, candles=[candle(NOON, "100.5000000000")]) == StoreReport(stored=1)


def test_nothing_to_store_is_no_error() -> None:
    assert store_candles(**MARKET, candles=[]) == StoreReport()


def test_markets_do_not_mix() -> None:
    store_candles(**MARKET, candles=[candle(NOON)])
    store_candles(exchange="binance", symbol="ETH/USDT", candles=[candle(NOON, "91")])
    store_candles(exchange="bybit", symbol="BTC/USDT", candles=[candle(NOON, "92")])
    assert stored() == [candle(NOON)]


def test_the_orm_finds_a_candle_by_its_composite_key() -> None:
    store_candles(**MARKET, candles=[candle(NOON)])
    time = datetime.fromtimestamp(NOON / 1000, UTC)
    assert Ohlcv.objects.get(pk=("binance", "BTC/USDT", "1m", time)).close == 100


def test_holes_are_found_at_both_ends_and_in_the_middle() -> None:
    store_candles(**MARKET, candles=[candle(NOON + step * MINUTE) for step in (2, 3, 6)])
    assert missing_ranges("binance", "BTC/USDT", NOON, NOON + 10 * MINUTE) == [
        (NOON, NOON + 2 * MINUTE),
        (NOON + 4 * MINUTE, NOON + 6 * MINUTE),
        (NOON + 7 * MINUTE, NOON + 10 * MINUTE),
    ]


def test_holes_of_a_range_off_the_minute_are_those_of_its_whole_minutes() -> None:
    assert missing_ranges("binance", "BTC/USDT", NOON + 1, NOON + 3 * MINUTE + 5) == [
        (NOON + MINUTE, NOON + 3 * MINUTE)
    ]
    store_candles(**MARKET, candles=minutes(NOON, 5))
    assert missing_ranges("binance", "BTC/USDT", NOON, NOON + 5 * MINUTE) == []


def test_the_newest_minute_is_known() -> None:
    assert last_candle_time("binance", "BTC/USDT") is None
    store_candles(**MARKET, candles=minutes(NOON, 5))
    assert last_candle_time("binance", "BTC/USDT") == NOON + 4 * MINUTE
