import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from redis.asyncio import Redis

from bots.core.ports import ExchangeUnavailable
from bots.core.types import Ticker
from marketdata import bus as bus_module
from marketdata import staleness, subscriptions
from marketdata.bus import PriceBus, channel_of, last_ticker, last_ticker_async, publish_ticker
from marketdata.subscriptions import connect_redis
from marketdata.tests.market import eventually, ticker
from marketdata.tests.wire import Door

EXCHANGE = "test-bus"
AGES = 600.0  # seconds: what is fresh stays so


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_module, "STALE_AFTER", AGES)
    monkeypatch.setattr(subscriptions, "PATIENCE", 60.0)


class Listener:
    """Remembers prices; `until` waits for one."""

    def __init__(self) -> None:
        self.prices: list[Decimal] = []
        self._news = asyncio.Event()

    def __call__(self, heard: Ticker) -> None:
        self.prices.append(heard.price)
        self._news.set()

    async def until(self, price: str) -> None:
        async with asyncio.timeout(60):
            while Decimal(price) not in self.prices:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    async with Redis.from_url(django_settings.REDIS_URL) as client:
        yield client
        if keys := [key async for key in client.scan_iter(channel_of(EXCHANGE, "*"))]:
            await client.delete(*keys)


@pytest.fixture
async def bus() -> AsyncIterator[PriceBus]:
    bus = PriceBus(stale_after=AGES)
    await bus.start()
    yield bus
    await bus.close()


async def subscriptions_are(redis: Redis, wanted: int) -> bool:
    ((_, count),) = await redis.pubsub_numsub(channel_of(EXCHANGE, "BTC/USDT"))
    return bool(count == wanted)


async def publish(redis: Redis, price: str, symbol: str = "BTC/USDT") -> None:
    await publish_ticker(redis, EXCHANGE, ticker(symbol, price, int(time.time() * 1000)))


async def test_a_price_reaches_all_listeners_of_its_symbol_and_no_others(redis: Redis, bus: PriceBus) -> None:
    alice, bob, charlie = Listener(), Listener(), Listener()
    bus.subscribe(EXCHANGE, "BTC/USDT", alice)
    bus.subscribe(EXCHANGE, "BTC/USDT", bob)
    bus.subscribe(EXCHANGE, "ETH/USDT", charlie)
    await publish(redis, "50001")
    await publish(redis, "3000", "ETH/USDT")
    for listener, price in ((alice, "50001"), (bob, "50001"), (charlie, "3000")):
        await listener.until(price)
        assert set(listener.prices) == {Decimal(price)}


async def test_thousands_of_listeners_share_one_subscription(redis: Redis, bus: PriceBus) -> None:
    listeners = [Listener() for _ in range(2000)]
    for listener in listeners:
        bus.subscribe(EXCHANGE, "BTC/USDT", listener)
    await publish(redis, "50001")
    await asyncio.gather(*(listener.until("50001") for listener in listeners))
    await eventually(lambda: subscriptions_are(redis, 1))  # an earlier test's may still be about to end


async def test_who_left_hears_nothing_and_the_last_one_ends_the_subscription(
    redis: Redis, bus: PriceBus
) -> None:
    alice, bob = Listener(), Listener()
    leave = bus.subscribe(EXCHANGE, "BTC/USDT", alice)
    bob_leaves = bus.subscribe(EXCHANGE, "BTC/USDT", bob)
    leave()
    leave()
    await publish(redis, "50001")
    await bob.until("50001")
    assert alice.prices == []
    bob_leaves()
    await eventually(lambda: subscriptions_are(redis, 0))
    assert bus.is_stale(EXCHANGE, "BTC/USDT")


async def test_one_listeners_fault_is_not_the_others(redis: Redis, bus: PriceBus) -> None:
    def faulty(_: Ticker) -> None:
        raise ValueError("mine alone")

    bob = Listener()
    bus.subscribe(EXCHANGE, "BTC/USDT", faulty)
    bus.subscribe(EXCHANGE, "BTC/USDT", bob)
    await publish(redis, "50001")
    await publish(redis, "50002")
    await bob.until("50002")


@pytest.mark.parametrize(
    "nonsense",
    [
        *(b"", b"5", b"{}", b"[1, 2]", b"\xff\xfe", b'["BTC/USDT", "x", "1", "1", 0]'),
        *(b'["BTC/USDT", "NaN", "1", "1", 0]', b'["BTC/USDT", "0", "1", "1", 0]'),
        b'["BTC/USDT", null, "1", "1", 0]',
    ],
)
async def test_what_is_no_price_silences_nobody(redis: Redis, bus: PriceBus, nonsense: bytes) -> None:
    channel = channel_of(EXCHANGE, "BTC/USDT")
    await redis.set(channel, nonsense)  # kept as a last price, too
    listener, other = Listener(), Listener()
    bus.subscribe(EXCHANGE, "BTC/USDT", listener)
    bus.subscribe(EXCHANGE, "ETH/USDT", other)
    await publish(redis, "3000", "ETH/USDT")
    await other.until("3000")
    await redis.publish(channel, nonsense)
    await publish(redis, "60000")
    await listener.until("60000")
    assert listener.prices == [Decimal(60000)]


async def test_a_late_listener_hears_the_last_price_at_once(redis: Redis, bus: PriceBus) -> None:
    await publish(redis, "50001")
    alice, bob = Listener(), Listener()
    bus.subscribe(EXCHANGE, "BTC/USDT", alice)
    await alice.until("50001")
    bus.subscribe(EXCHANGE, "BTC/USDT", bob)
    assert bob.prices == [Decimal(50001)]


async def test_the_last_price_keeps_every_digit_and_is_known_without_a_bus(redis: Redis) -> None:
    given = Ticker("BTC/USDT", Decimal("0.00001234"), Decimal("0.00001233"), Decimal("0.00001235"), 1)
    await publish_ticker(redis, EXCHANGE, given)
    assert await last_ticker_async(EXCHANGE, "BTC/USDT") == given
    assert last_ticker(EXCHANGE, "BTC/USDT") == given
    assert last_ticker(EXCHANGE, "NONE/USDT") is None
    assert 0 < await redis.pttl(channel_of(EXCHANGE, "BTC/USDT")) <= 60_000


async def test_prices_flow_again_after_redis_was_away(redis: Redis) -> None:
    door = Door()
    await door.open()
    bus, alice, bob = PriceBus(url=door.url), Listener(), Listener()
    await bus.start()
    try:
        bus.subscribe(EXCHANGE, "BTC/USDT", alice)
        await publish(redis, "50001")
        await alice.until("50001")
        await door.shut()
        bus.subscribe(EXCHANGE, "ETH/USDT", bob)
        await publish(redis, "50002")
        await door.open()
        await alice.until("50002")  # the one missed meanwhile, as the last known
        await publish(redis, "50003")
        await publish(redis, "3000", "ETH/USDT")
        await alice.until("50003")
        await bob.until("3000")
    finally:
        await bus.close()
        await door.shut()


class Clock:
    """Stands still but for the silences."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


async def test_silence_is_stale_and_filled_by_asking_the_exchange_until_prices_flow(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(staleness, "time", clock)
    asked: list[tuple[str, str]] = []
    alice = Listener()

    async def fetch(exchange: str, symbol: str) -> Ticker:
        asked.append((exchange, symbol))
        if len(asked) == 1:
            raise ExchangeUnavailable("away")
        return ticker(symbol, "50777" if Decimal(50001) not in alice.prices else "50778")

    bus = PriceBus(fetch=fetch, stale_after=0.2, poll_every=0.05)
    await bus.start()
    try:
        bus.subscribe(EXCHANGE, "BTC/USDT", alice)
        assert not bus.is_stale(EXCHANGE, "BTC/USDT")
        clock.now += 0.3
        await alice.until("50777")
        assert bus.is_stale(EXCHANGE, "BTC/USDT")  # a fetched price does not end the silence
        assert set(asked) == {(EXCHANGE, "BTC/USDT")}
        await publish(redis, "50001")
        await alice.until("50001")
        assert not bus.is_stale(EXCHANGE, "BTC/USDT")
        clock.now += 0.3
        await alice.until("50778")
        assert bus.is_stale(EXCHANGE, "BTC/USDT")
    finally:
        await bus.close()


async def test_prices_of_another_redis_database_are_another_deployments(
    redis: Redis, bus: PriceBus, settings: Any
) -> None:
    alice, ours = Listener(), settings.REDIS_URL
    bus.subscribe(EXCHANGE, "BTC/USDT", alice)
    settings.REDIS_URL = ours.rpartition("/")[0] + "/63"
    await publish(redis, "1")
    settings.REDIS_URL = ours
    await publish(redis, "50001")
    await alice.until("50001")
    assert set(alice.prices) == {Decimal(50001)}


async def test_a_publication_in_flight_swallows_no_cancellation() -> None:
    async def publish_for_ever(client: Redis) -> None:
        while True:
            await publish(client, "50001")

    async with connect_redis() as client:
        await client.ping()
        for steps in range(60):
            task = asyncio.create_task(publish_for_ever(client))
            for _ in range(steps % 12):
                await asyncio.sleep(0)
            task.cancel()
            _, pending = await asyncio.wait([task], timeout=60)
            assert not pending


async def test_a_market_nobody_listens_to_is_stale(bus: PriceBus) -> None:
    assert bus.is_stale(EXCHANGE, "DOGE/USDT")
