from typing import Any

import pytest

from bots.core.ports import ExchangeUnavailable
from marketdata.backfill import backfill
from marketdata.selectors import candles, missing_ranges
from marketdata.services import store_candles
from marketdata.tests.market import MINUTE, NOON, FakeConnector, candle, minutes
from marketdata.threads import in_database

pytestmark = pytest.mark.django_db(transaction=True)
MARKET: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT"}
END = NOON + 100 * MINUTE


async def stored_times() -> list[int]:
    return [each.time for each in await in_database(candles, **MARKET, timeframe="1m")]


async def test_only_what_is_missing_is_asked_for_page_by_page() -> None:
    connector = FakeConnector(minutes(NOON, 100), now=END, page=30)
    await in_database(store_candles, **MARKET, candles=minutes(NOON + 40 * MINUTE, 50))
    told: list[tuple[int, int]] = []
    report = await backfill(
        connector, symbol="BTC/USDT", start=NOON, progress=lambda done, of: told.append((done, of))
    )
    assert await stored_times() == [NOON + step * MINUTE for step in range(100)]
    assert [(asked - NOON) // MINUTE for asked in connector.asked] == [0, 30, 90]
    assert told == [(30, 100), (60, 100), (100, 100)]
    assert not report.rejected


async def test_the_minute_that_is_still_open_is_left_alone() -> None:
    connector = FakeConnector(minutes(NOON, 3), now=NOON + 2 * MINUTE + 30_000)
    await backfill(connector, symbol="BTC/USDT", start=NOON, end=NOON + 50 * MINUTE)
    assert await stored_times() == [NOON, NOON + MINUTE]


async def test_minutes_the_exchange_does_not_have_stay_missing() -> None:
    held = [*minutes(NOON, 10), *minutes(NOON + 60 * MINUTE, 10)]
    connector = FakeConnector(held, now=END, page=5)
    report = await backfill(connector, symbol="BTC/USDT", start=NOON)
    assert report.stored == 20
    assert await in_database(missing_ranges, "binance", "BTC/USDT", NOON, END) == [
        (NOON + 10 * MINUTE, NOON + 60 * MINUTE),
        (NOON + 70 * MINUTE, END),
    ]


async def test_what_was_stored_before_the_exchange_went_away_is_kept() -> None:
    connector = FakeConnector(minutes(NOON, 100), now=END, page=30)

    def stop(done: int, _: int) -> None:
        connector.down = done >= 60

    with pytest.raises(ExchangeUnavailable):
        await backfill(connector, symbol="BTC/USDT", start=NOON, progress=stop)
    assert len(await stored_times()) == 60
    connector.down = False
    report = await backfill(connector, symbol="BTC/USDT", start=NOON)
    assert report.stored == 40


async def test_a_bad_row_of_the_exchange_is_reported_and_not_stored() -> None:
    connector = FakeConnector([candle(NOON), candle(NOON + MINUTE, high="1")], now=END)
    report = await backfill(connector, symbol="BTC/USDT", start=NOON)
    assert (report.stored, report.rejected.total()) == (1, 1)


async def test_nothing_missing_asks_nothing() -> None:
    connector = FakeConnector(now=NOON)
    await backfill(connector, symbol="BTC/USDT", start=NOON)
    await in_database(store_candles, **MARKET, candles=minutes(NOON, 5))
    connector.now = NOON + 5 * MINUTE
    await backfill(connector, symbol="BTC/USDT", start=NOON)
    assert connector.asked == []
