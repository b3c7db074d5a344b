"""The shared rate limiter, on a real Redis."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from exchanges import limiter as module
from exchanges.limiter import LocalWindows, Rate, SharedLimiter, Window


@pytest.fixture
def exchange() -> str:
    """A name of its own for each test: the limits are in a Redis that others share."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
async def one() -> AsyncIterator[SharedLimiter]:
    limiter = SharedLimiter(settings.REDIS_URL)
    yield limiter
    await limiter.close()


@pytest.fixture
async def other() -> AsyncIterator[SharedLimiter]:
    limiter = SharedLimiter(settings.REDIS_URL)
    yield limiter
    await limiter.close()


def order_rate(exchange: str, account: str = "a", orders: int = 10) -> Rate:
    """In a window that does not pass on while a slow machine asks."""
    return Rate(exchange, 1, 6000, account=account, order_limit=orders, order_seconds=600.0, urgent=True)


def read_rate(exchange: str) -> Rate:
    return Rate(exchange, 50, 1000, weight_seconds=600.0)


async def taken_at_once(limiter: SharedLimiter, rate: Rate, tries: int) -> int:
    """How many pass without waiting."""
    passed = 0
    for _ in range(tries):
        windows, pauses = limiter._limits(rate)
        passed += await limiter._ask(windows, pauses) == 0
    return passed


async def test_two_processes_share_one_limit_of_orders(one, other, exchange):
    passed = await asyncio.gather(
        taken_at_once(one, order_rate(exchange), 8), taken_at_once(other, order_rate(exchange), 8)
    )
    assert sum(passed) == 9, "90 % of 10"


async def test_accounts_have_limits_of_their_own(one, exchange):
    assert await taken_at_once(one, order_rate(exchange, "a"), 20) == 9
    assert await taken_at_once(one, order_rate(exchange, "b"), 20) == 9


async def test_reads_leave_room_for_orders(one, exchange):
    read = read_rate(exchange)
    assert await taken_at_once(one, read, 30) == 14  # 720 of 1,000
    assert await taken_at_once(one, replace(read, urgent=True), 30) == 4  # up to 900


async def test_pages_leave_room_for_what_trading_asks(one, exchange):
    pages, read = SharedLimiter(settings.REDIS_URL, pages=True), read_rate(exchange)
    assert await taken_at_once(pages, read, 30) == 7  # 360 of 1,000
    assert await taken_at_once(one, read, 30) == 7  # up to 720
    assert await taken_at_once(pages, replace(read, urgent=True), 30) == 4  # up to 900
    await pages.close()


async def test_what_trading_has_taken_is_not_there_for_pages(one, exchange):
    pages, read = SharedLimiter(settings.REDIS_URL, pages=True), read_rate(exchange)
    assert await taken_at_once(one, read, 30) == 14
    assert await taken_at_once(pages, read, 1) == 0
    await pages.close()


async def test_a_window_frees_itself_as_its_slots_pass(one):
    window = Window(f"limit:{uuid.uuid4().hex}", 1, 2, 50, 4)
    async with asyncio.timeout(60):
        while not (wait := await one._ask([window], [])):
            pass  # two, and on a slow machine more: the window passes on meanwhile
    assert wait <= 0.25
    await asyncio.sleep(wait)
    assert await one._ask([window], []) == 0


async def test_no_more_than_the_capacity_passes_in_any_window(one):
    window = Window(f"limit:{uuid.uuid4().hex}", 1, 5, 20, 5)
    times = []  # before and after each that passed: Redis decided in between
    while len(times) < 30:
        before = time.monotonic()
        if await one._ask([window], []) == 0:
            times.append((before, time.monotonic()))
    spans = [late - early for (early, _), (_, late) in zip(times, times[5:], strict=False)]
    assert min(spans) >= 0.095


async def test_a_cost_above_the_whole_capacity_passes_alone_rather_than_never(one):
    window = Window(f"limit:{uuid.uuid4().hex}", 20, 5, 20_000, 5)
    assert await one._ask([window], []) == 0
    assert await one._ask([window], []) > 0


async def test_nothing_is_taken_where_one_of_two_limits_is_full(one, exchange):
    await taken_at_once(one, order_rate(exchange), 20)
    key = f"limit:{exchange}:default"
    assert sum(int(count) for count in (await one._redis.hgetall(key)).values()) == 9


async def test_a_pause_holds_every_process_back(one, other, exchange):
    start = time.monotonic()
    await one.pause(exchange, 0.3)
    async with asyncio.timeout(60):
        await other.acquire(Rate(exchange, 1, 6000))
    assert time.monotonic() - start >= 0.25


async def test_a_shorter_pause_does_not_end_a_longer_one(one, exchange):
    await one.pause(exchange, 600)
    await one.pause(exchange, 0.01)
    windows, pauses = one._limits(Rate(exchange, 1, 6000))
    assert await one._ask(windows, pauses) > 300


async def test_a_pause_of_an_account_stops_its_orders_and_nothing_else(one, exchange):
    await one.pause(exchange, 600, "a")
    assert await taken_at_once(one, order_rate(exchange, "a"), 3) == 0
    assert await taken_at_once(one, order_rate(exchange, "b"), 3) == 3
    assert await taken_at_once(one, Rate(exchange, 1, 6000), 3) == 3


async def test_an_order_costs_one_round_trip(one, exchange, monkeypatch):
    trips = []
    take = one._take

    async def counted(**command: Any) -> Any:
        trips.append(command)
        return await take(**command)

    monkeypatch.setattr(one, "_take", counted)
    await one.acquire(order_rate(exchange))
    assert len(trips) == 1


async def test_two_simulated_exchanges_are_told_apart(one, exchange):
    other = SharedLimiter(settings.REDIS_URL, prefix="simulator:1:")
    assert await taken_at_once(one, order_rate(exchange), 20) == 9
    assert await taken_at_once(other, order_rate(exchange), 20) == 9
    await other.close()


async def test_connections_are_counted_by_kind(one, exchange):
    account = Rate(exchange, 1, 6000, sockets="account", sockets_per_5m=10)
    assert await taken_at_once(one, account, 20) == 9
    assert await taken_at_once(one, replace(account, sockets="prices"), 20) == 9


async def test_hundreds_may_ask_at_once(one, exchange, caplog):
    await asyncio.gather(*(one.acquire(Rate(exchange, 1, 6000)) for _ in range(500)))
    assert [each for each in caplog.records if each.name == module.__name__] == []
    assert (
        sum(int(count) for count in (await one._redis.hgetall(f"limit:{exchange}:default")).values()) == 500
    )


async def test_without_redis_it_goes_on_at_a_quarter(exchange, caplog, monkeypatch):
    monkeypatch.setattr(module, "REDIS_RETRY", 600)
    limiter = SharedLimiter("redis://127.0.0.1:9/0")
    assert await taken_at_once(limiter, order_rate(exchange, orders=40), 40) == 9
    await limiter.pause(exchange, 600)
    assert await taken_at_once(limiter, order_rate(exchange, "b"), 1) == 0
    assert len([each for each in caplog.records if "Redis is away" in each.message]) == 1
    await limiter.close()


async def test_redis_that_comes_back_is_used_again(one, exchange, monkeypatch):
    monkeypatch.setattr(module, "REDIS_RETRY", 0.05)
    one._went_away(ConnectionError())
    await asyncio.sleep(0.06)
    await one.acquire(Rate(exchange, 1, 6000))
    assert await one._redis.exists(f"limit:{exchange}:default")


def test_a_local_window_frees_itself(monkeypatch):
    now = 100.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    local, window = LocalWindows(), Window("k", 1, 8, 500, 20)
    assert [local.take([window], []) for _ in range(2)] == [0, 0]
    assert local.take([window], []) == 10
    now = 110.0
    assert local.take([window], []) == 0
