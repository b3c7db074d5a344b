"""Real Binance candles against an independent sum of their hours. Skipped where the data does not lie beside the
project."""

import csv
import gzip
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from bots.core.types import Candle
from marketdata.selectors import candles, missing_ranges
from marketdata.services import store_candles
from marketdata.tests.market import MINUTE

DATA = settings.BASE_DIR.parent / "shared" / "data"
MARKET: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT"}
FEBRUARY_10 = 1_612_915_200_000  # 2021; the exchange stood still on the 11th from 03:41 to 05:00
THREE_DAYS = 3 * 1440 * MINUTE

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real candles are not on this machine"),
]


def rows(name: str, start: int = 0, end: int = 10**15) -> Iterator[Candle]:
    with gzip.open(DATA / f"binance_spot_BTCUSDT_{name}.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if start <= int(row["time"]) < end:
                numbers = (Decimal(row[name]) for name in ("open", "high", "low", "close", "volume"))
                yield Candle(int(row["time"]), *numbers)


def test_hours_of_real_minutes_equal_an_independent_file_of_hours() -> None:
    end = FEBRUARY_10 + THREE_DAYS
    report = store_candles(**MARKET, candles=rows("1m_2021", FEBRUARY_10, end))
    assert (report.stored, report.rejected.total()) == (3 * 1440 - 79, 0)
    hours = candles(**MARKET, timeframe="1h", start=FEBRUARY_10, end=end)
    assert hours == list(rows("1h_2017-2024", FEBRUARY_10, end))
    halt = FEBRUARY_10 + (1440 + 3 * 60 + 41) * MINUTE
    assert missing_ranges("binance", "BTC/USDT", FEBRUARY_10, end) == [(halt, halt + 79 * MINUTE)]


def test_the_rows_off_the_minute_of_a_dirty_file_are_counted_and_left_out() -> None:
    report = store_candles(**MARKET, candles=rows("1m_2017-12_dirty"))
    assert (report.stored, dict(report.rejected)) == (24_163, {"not on the minute": 20_401})
