import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from bots.core.ports import UnknownSymbol
from bots.core.types import Candle, Ticker
from exchanges.services import close_hub
from exchanges.simulator.binance.streams import Streams
from exchanges.simulator.testing import RunningSimulator, running_simulator, wall_clock
from marketdata.bus import PriceBus, listened_symbols
from marketdata.collector.collect import collect
from marketdata.collector.lease import CollectorLease, LeaseLost
from marketdata.models import FollowedMarket
from marketdata.public import PublicPrices
from marketdata.selectors import candles, missing_ranges
from marketdata.services import follow
from marketdata.subscriptions import connect_redis
from marketdata.tests.market import MINUTE, eventually
from marketdata.threads import in_database

pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    """The simulated exchange's, some minutes behind ours so that a test can hurry it on."""

    behind = 30 * MINUTE
    stopped: int | None = None

    def __call__(self) -> int:
        return (self.stopped or wall_clock()) - self.behind

    def stop(self) -> int:
        """No minute ends any more unless the test says so. Answers the one that is on."""
        self.stopped = wall_clock()
        return self() // MINUTE * MINUTE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def simulator(clock: Clock, settings: Any, redis_flushed: None) -> AsyncIterator[RunningSimulator]:
    settings.MARKETDATA_ALWAYS_FOLLOW = ["binance:BTC/USDT"]
    settings.MARKETDATA_HISTORY_DAYS = 1
    async with running_simulator(clock=clock) as running:
        settings.EXCHANGE_SIMULATOR = running.transport
        yield running


@asynccontextmanager
async def collecting() -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(collect("binance"))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await close_hub()


@asynccontextmanager
async def prices_of(symbol: str) -> AsyncIterator["asyncio.Queue[Ticker]"]:
    bus, heard = PriceBus(), asyncio.Queue[Ticker]()
    await bus.start()
    bus.subscribe("binance", symbol, heard.put_nowait)
    try:
        yield heard
    finally:
        await bus.close()


async def hears(heard: "asyncio.Queue[Ticker]", price: Decimal, move: Callable[[], None]) -> None:
    """Repeats the move until its price arrives: the stream may not have begun yet."""
    async with asyncio.timeout(60):
        while True:
            move()
            with suppress(TimeoutError):
                if (await asyncio.wait_for(heard.get(), 0.5)).price == price:
                    return


async def until_complete(symbol: str, start: int, end: int) -> None:
    async def complete() -> bool:
        return not await in_database(missing_ranges, "binance", symbol, start, end)

    await eventually(complete)


def minutes_from(start: int, limit: int) -> list[Candle]:
    return candles(exchange="binance", symbol="BTC/USDT", timeframe="1m", start=start, limit=limit)


def readers(simulator: RunningSimulator) -> dict[str, set[Any]]:
    """Of each stream the simulator serves, the connections that read it."""
    owners = (getattr(listener, "__self__", None) for listener in simulator.exchange._commits._listeners)
    streams = next(owner for owner in owners if isinstance(owner, Streams))
    return {name: set(sockets) for name, sockets in streams._readers.items()}


async def test_prices_arrive_and_closed_minutes_are_stored(simulator: RunningSimulator, clock: Clock) -> None:
    exchange, price = simulator.exchange, Decimal("61234.56")
    async with collecting(), prices_of("BTC/USDT") as heard:
        await hears(heard, price, lambda: exchange.set_price("BTCUSDT", price))
        minute = clock.stop()
        exchange.set_price("BTCUSDT", price)
        await until_complete("BTC/USDT", minute - 1440 * MINUTE + MINUTE, minute)
        clock.behind -= MINUTE
        exchange.roll()
        await until_complete("BTC/USDT", minute, minute + MINUTE)
    (closed,) = await in_database(minutes_from, minute, 1)
    assert (closed.close, closed.volume > 0) == (price, True)


async def test_what_a_paused_collector_missed_is_fetched_when_it_is_back(
    simulator: RunningSimulator, clock: Clock
) -> None:
    minute = clock.stop()
    async with collecting():
        await until_complete("BTC/USDT", minute - 60 * MINUTE, minute)
    for step in range(5):
        simulator.exchange.set_price("BTCUSDT", Decimal(60_000 + step))
        clock.behind -= MINUTE
        simulator.exchange.roll()
    async with collecting():
        await until_complete("BTC/USDT", minute, minute + 5 * MINUTE)
    found = await in_database(minutes_from, minute, 5)
    assert [each.close for each in found] == [Decimal(60_000 + step) for step in range(5)]


async def test_a_market_is_streamed_while_it_is_followed(simulator: RunningSimulator) -> None:
    exchange, price = simulator.exchange, Decimal("2345.67")
    async with collecting():
        async with prices_of("ETH/USDT") as heard:  # who goes on listening is followed again now and then
            await in_database(follow, exchange="binance", symbol="ETH/USDT")
            await hears(heard, price, lambda: exchange.set_price("ETHUSDT", price))
            assert "ethusdt@trade" in readers(simulator)
        past = timezone.now() - timedelta(seconds=1)
        await in_database(lambda: FollowedMarket.objects.update(wanted_until=past))

        async def unread() -> bool:
            return "ethusdt@trade" not in readers(simulator)

        await eventually(unread)


async def test_an_exchange_that_nobody_follows_is_left_alone(
    simulator: RunningSimulator, settings: Any
) -> None:
    settings.MARKETDATA_ALWAYS_FOLLOW = ["bybit:BTC/USDT"]
    free = CollectorLease("binance")
    async with collecting(), prices_of("ETH/USDT") as heard:
        await free.acquire()
        await free.release()
        await in_database(follow, exchange="binance", symbol="ETH/USDT")
        price = Decimal("2345.67")
        await hears(heard, price, lambda: simulator.exchange.set_price("ETHUSDT", price))


async def test_a_market_somebody_listens_to_is_followed_without_being_asked_for(
    simulator: RunningSimulator,
) -> None:
    async with prices_of("ETH/USDT") as heard:

        async def listening() -> bool:
            async with connect_redis() as redis:
                return "ETH/USDT" in await listened_symbols(redis, "binance")

        await eventually(listening)
        price = Decimal("2345.67")
        async with collecting():
            await hears(heard, price, lambda: simulator.exchange.set_price("ETHUSDT", price))


async def test_what_is_no_market_is_not_followed_and_hinders_no_other(simulator: RunningSimulator) -> None:
    async with prices_of("NOPE/USDT"), prices_of("X" * 30), prices_of("A\0"), prices_of("ETH/USDT") as heard:

        async def listening() -> bool:
            async with connect_redis() as redis:
                return len(await listened_symbols(redis, "binance")) == 4

        await eventually(listening)
        price = Decimal("2345.67")
        async with collecting():
            await hears(heard, price, lambda: simulator.exchange.set_price("ETHUSDT", price))
    assert await in_database(lambda: [each.symbol for each in FollowedMarket.objects.all()]) == ["ETH/USDT"]


async def test_the_exchange_itself_can_be_asked_for_a_price(simulator: RunningSimulator) -> None:
    simulator.exchange.set_price("BTCUSDT", Decimal(61_000))
    prices = PublicPrices()
    assert (await prices.fetch("binance", "BTC/USDT")).price == 61_000
    with pytest.raises(UnknownSymbol):
        await prices.fetch("binance", "NOPE/USDT")
    await prices.close()
    await close_hub()


async def test_of_two_collectors_one_streams_and_the_other_takes_over(simulator: RunningSimulator) -> None:
    exchange, first, second = simulator.exchange, Decimal("61000"), Decimal("62000")
    async with collecting() as leader, prices_of("BTC/USDT") as heard:
        await hears(heard, first, lambda: exchange.set_price("BTCUSDT", first))
        standby = asyncio.create_task(collect("binance"))
        await asyncio.sleep(1.5)
        assert len(readers(simulator)["btcusdt@trade"]) == 1
        leader.cancel()
        await hears(heard, second, lambda: exchange.set_price("BTCUSDT", second))

        async def one_reads() -> bool:  # the first one's connection may still be about to close
            return len(readers(simulator)["btcusdt@trade"]) == 1

        await eventually(one_reads)
        standby.cancel()
        await asyncio.gather(standby, return_exceptions=True)


async def test_a_lease_that_is_lost_says_so_and_the_next_one_gets_it() -> None:
    alice, bob = CollectorLease("binance"), CollectorLease("binance")
    await alice.acquire()
    waiting = asyncio.create_task(bob.acquire())
    try:
        await asyncio.wait([waiting], timeout=0.2)
        assert not waiting.done()
        await in_database(_end_sessions_of_collectors)
        with pytest.raises(LeaseLost):
            async with asyncio.timeout(60):
                await alice.hold()
        async with asyncio.timeout(60):
            await waiting
    finally:
        waiting.cancel()
        await alice.release()
        await bob.release()


def _end_sessions_of_collectors() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
