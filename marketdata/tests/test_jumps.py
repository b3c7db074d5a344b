"""A tick far away from the last one is believed only when the exchange, asked by REST, says so too."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from bots.core.ports import ExchangeUnavailable
from bots.core.types import Ticker
from marketdata import jumps
from marketdata.bus import PriceBus
from marketdata.tests.market import ticker
from marketdata.tests.test_price_bus import EXCHANGE, Listener, publish, redis

__all__ = ["redis"]
MARKET = (EXCHANGE, "BTC/USDT")


class Rest:
    """The exchange's own answer; None: it does not answer."""

    def __init__(self) -> None:
        self.price: str | None = "50000"
        self.asked = 0
        self.was_asked = asyncio.Event()

    async def __call__(self, exchange: str, symbol: str) -> Ticker:
        self.asked += 1
        self.was_asked.set()
        if self.price is None:
            raise ExchangeUnavailable("No answer.")
        return ticker(symbol, self.price, 1)


@pytest.fixture
def rest() -> Rest:
    return Rest()


@pytest.fixture
async def bus(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PriceBus]:
    monkeypatch.setattr(jumps, "ASK_AGAIN", 600)
    bus = PriceBus(fetch=rest, stale_after=600)
    await bus.start()
    yield bus
    await bus.close()


@pytest.fixture
async def listener(redis: Redis, bus: PriceBus) -> Listener:
    """Has heard 50,000."""
    found = Listener()
    bus.subscribe(*MARKET, found)
    await publish(redis, "50000")
    await found.until("50000")
    return found


async def test_a_false_tick_reaches_nobody(redis: Redis, listener: Listener, rest: Rest) -> None:
    for price in ("5000", "500000", "50100"):
        await publish(redis, price)
    await listener.until("50100")
    assert Decimal(5000) not in listener.prices
    assert Decimal(500_000) not in listener.prices
    assert rest.asked == 1, "one question for many odd ticks"


async def test_a_real_jump_costs_one_question(redis: Redis, listener: Listener, rest: Rest) -> None:
    rest.price = "40000"
    await publish(redis, "40100")
    await listener.until("40000")
    assert Decimal(40_100) not in listener.prices
    await publish(redis, "40200")
    await listener.until("40200")
    assert rest.asked == 1


async def test_up_to_a_tenth_is_no_jump(redis: Redis, listener: Listener, rest: Rest) -> None:
    for price in ("55000", "49500"):
        await publish(redis, price)
        await listener.until(price)
    assert rest.asked == 0


async def test_without_an_answer_there_is_no_price(
    redis: Redis, listener: Listener, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jumps, "ASK_AGAIN", 0.05)
    rest.price = None
    await publish(redis, "30000")
    await asyncio.wait_for(rest.was_asked.wait(), 60)
    rest.price = "30010"
    async with asyncio.timeout(60):
        while set(listener.prices) == {Decimal(50_000)}:  # a later tick asks again
            await publish(redis, "30005")
            await asyncio.sleep(0.01)
    assert next(price for price in listener.prices if price != 50_000) == 30_010


async def test_held_back_ticks_do_not_keep_a_market_fresh(
    redis: Redis, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest.price = None
    bus = PriceBus(fetch=rest, stale_after=0.3)
    await bus.start()
    try:
        found = Listener()
        bus.subscribe(*MARKET, found)
        await publish(redis, "50000")
        await found.until("50000")
        async with asyncio.timeout(60):
            while not bus.is_stale(*MARKET):
                await publish(redis, "70000")
                await asyncio.sleep(0.02)
        assert Decimal(70_000) not in found.prices
    finally:
        await bus.close()


async def test_with_nobody_to_ask_every_price_is_believed(redis: Redis) -> None:
    bus = PriceBus()
    await bus.start()
    try:
        found = Listener()
        bus.subscribe(*MARKET, found)
        for price in ("50000", "5000"):
            await publish(redis, price)
            await found.until(price)
    finally:
        await bus.close()
