import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from marketdata.collector.candles import CandleKeeper
from marketdata.selectors import candles
from marketdata.services import store_candles
from marketdata.tests.market import MINUTE, NOON, FakeConnector, eventually, minutes
from marketdata.threads import in_database

pytestmark = pytest.mark.django_db(transaction=True)
SYMBOL = "BTC/USDT"


async def stored() -> list[int]:
    found = await in_database(candles, exchange="binance", symbol=SYMBOL, timeframe="1m")
    return [(each.time - NOON) // MINUTE for each in found]


async def until_stored(count: int) -> list[int]:
    async def enough() -> bool:
        return len(await stored()) >= count

    await eventually(enough)
    return await stored()


@asynccontextmanager
async def keeping_candles(connector: FakeConnector, depth: int) -> AsyncIterator[CandleKeeper]:
    keeper = CandleKeeper(connector, timedelta(minutes=depth), batch_every=0.02, retry_after=0.02)
    tasks = [asyncio.create_task(work()) for work in (keeper.write, keeper.look, keeper.mend)]
    try:
        yield keeper
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_new_market_gets_its_last_days_and_then_what_streams() -> None:
    connector = FakeConnector(minutes(NOON - 10 * MINUTE, 10), now=NOON)
    async with keeping_candles(connector, depth=10) as keeper:
        keeper.watch(SYMBOL, NOON)
        await until_stored(10)
        keeper.on_candle(SYMBOL, minutes(NOON, 1)[0])
        assert await until_stored(11) == list(range(-10, 1))
    assert len(connector.asked) == 1


async def test_a_gap_before_a_streamed_candle_is_fetched() -> None:
    connector = FakeConnector(minutes(NOON, 5), now=NOON)
    async with keeping_candles(connector, depth=0) as keeper:
        keeper.watch(SYMBOL, NOON)
        connector.now = NOON + 5 * MINUTE
        keeper.on_candle(SYMBOL, minutes(NOON, 5)[4])
        assert await until_stored(5) == [0, 1, 2, 3, 4]


async def test_a_minute_that_never_came_is_fetched_once() -> None:
    connector = FakeConnector(minutes(NOON, 1), now=NOON)
    async with keeping_candles(connector, depth=0) as keeper:
        keeper.watch(SYMBOL, NOON)
        connector.now = NOON + MINUTE + 15_000
        assert await until_stored(1) == [0]
        await keeper.flush()
    assert connector.asked == [NOON]


async def test_a_failed_fetch_is_tried_again() -> None:
    connector = FakeConnector(minutes(NOON - MINUTE, 1), now=NOON, down=True)
    async with keeping_candles(connector, depth=1) as keeper:
        keeper.watch(SYMBOL, NOON)
        await asyncio.sleep(0)
        connector.down = False
        assert await until_stored(1) == [-1]


async def test_candles_wait_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    connector = FakeConnector(now=NOON)
    failures = iter([True, True, False])

    def store(**given: Any) -> Any:
        if next(failures, False):
            raise OperationalError("away")
        return store_candles(**given)

    monkeypatch.setattr("marketdata.collector.candles.store_candles", store)
    async with keeping_candles(connector, depth=0) as keeper:
        keeper.watch(SYMBOL, NOON)
        for each in minutes(NOON, 2):
            keeper.on_candle(SYMBOL, each)
        assert await until_stored(2) == [0, 1]


async def test_nothing_is_kept_of_a_market_nobody_follows() -> None:
    keeper = CandleKeeper(FakeConnector(), timedelta(0))
    keeper.watch(SYMBOL, NOON)
    keeper.forget(SYMBOL)
    keeper.on_candle(SYMBOL, minutes(NOON, 1)[0])
    await keeper.flush()
    assert await stored() == []
