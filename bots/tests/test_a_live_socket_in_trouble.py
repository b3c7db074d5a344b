"""/ws/live while Redis or the database is away, and where it is one socket too many."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from redis.asyncio import Redis

from accounts.models import User
from bots.consumers import LiveConsumer
from bots.routing import websocket_application
from bots.services import live
from bots.tests.live_sockets import Patient, by_token, closed_with, listening, redis
from marketdata.tests.market import eventually

__all__ = ["redis"]  # a fixture of every test here
pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_address_that_is_none_is_refused(db: None) -> None:
    for address in ("/ws/other", "/", "/ws/live/"):
        connected, _ = await Patient(websocket_application, address).connect()
        assert not connected


async def test_redis_being_away_stops_no_trade(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(live, "_tell", away)
    await live.apublish({alice.id: [{"type": "bot"}]})
    assert "Redis is away" in caplog.text


async def test_a_page_stays_live_while_redis_is_away(
    alice: User, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.services.hub.STAY_EVERY", 0.02)
    page = await by_token(alice)
    await listening(page)
    tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def away(*_: Any) -> None:
        loop.call_soon_threadsafe(tried.set)
        raise ConnectionError("Redis is away")

    with monkeypatch.context() as broken:
        broken.setattr(live, "_redis", away)
        await asyncio.wait_for(tried.wait(), 60)
    await redis.delete(live.watching_key(alice.id))
    await eventually(lambda: redis.exists(live.watching_key(alice.id)))
    await page.disconnect()


async def test_a_socket_whose_database_is_away_is_closed_and_leaves_nothing(
    alice: User, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page opens another: who is signed in would never be looked at again, what it missed never be told."""
    monkeypatch.setattr("bots.consumers.CHECK_EVERY", 2)

    def away(*_: Any) -> None:
        raise OperationalError("the database is away")

    page, program = await by_token(alice), await by_token(alice)
    await listening(page)
    with monkeypatch.context() as broken:
        broken.setattr("bots.consumers.snapshot", away)
        assert await closed_with(program) == 1011
    monkeypatch.setattr(LiveConsumer, "identify", sync_to_async(away))
    assert (await page.receive_output())["code"] == 1011
    await page.disconnect()
    assert not await redis.zcard(live.sockets_key(alice.id))


async def test_one_socket_too_many_is_closed_and_one_that_closes_makes_room(
    alice: User, bob: User, settings: Any
) -> None:
    settings.AUTOGRID_MOST_SOCKETS_PER_USER = 2
    first, second, outsider = await by_token(alice), await by_token(alice), await by_token(bob)
    for each in (first, second, outsider):
        await listening(each)
    assert await closed_with(await by_token(alice)) == 4429
    await first.disconnect()
    third = await by_token(alice)
    await listening(third)
    for each in (second, third, outsider):
        await each.disconnect()
