"""/ws/live: who may listen, what comes first, and that nothing is lost unnoticed."""

import asyncio
import threading
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from redis.asyncio import Redis

from accounts import tokens
from accounts.models import Revocation, User
from bots.consumers import LiveConsumer, snapshot
from bots.core.types import Ticker
from bots.routing import websocket_application
from bots.services import live
from marketdata import bus
from marketdata.tests.market import eventually

pytestmark = pytest.mark.django_db(transaction=True)
HOST = b"localhost"
PATIENCE = 60.0  # seconds


class Patient(WebsocketCommunicator):
    """Channels' own waits a second, in which a loaded machine has hardly connected to its database."""

    async def receive_output(self, timeout: float = PATIENCE) -> Any:  # noqa: ASYNC109
        return await super().receive_output(max(timeout, PATIENCE))

    async def wait(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109
        await super().wait(max(timeout, PATIENCE))


@pytest.fixture(autouse=True)
async def redis(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Redis]:
    monkeypatch.setattr(LiveConsumer, "beat_seconds", 0.02)
    async with Redis.from_url(settings.REDIS_URL) as client:
        await client.flushdb()
        yield client


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def socket(headers: list[tuple[bytes, bytes]], subprotocol: str | None = None) -> Patient:
    chosen = [subprotocol] if subprotocol else None
    return Patient(websocket_application, "/ws/live", headers, chosen)


async def by_cookie(user: User, origin: bytes = b"http://localhost") -> Patient:
    client = await sync_to_async(signed_in)(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    return socket([(b"host", HOST), (b"origin", origin), (b"cookie", cookie)])


async def by_token(user: User) -> Patient:
    access = (await sync_to_async(tokens.issue)(user=user)).access
    return socket([(b"host", HOST)], f"bearer.{access}")


async def listening(communicator: Patient) -> dict[str, Any]:
    """Connects and returns the snapshot."""
    connected, _ = await communicator.connect()
    assert connected
    first: dict[str, Any] = await communicator.receive_json_from()
    assert first["type"] == "snapshot"
    return first


async def closed_with(communicator: Patient) -> int:
    await communicator.connect()
    message = await communicator.receive_output()
    assert message["type"] == "websocket.close"
    await communicator.disconnect()
    return int(message["code"])


async def test_strangers_are_closed_with_4401(db: None) -> None:
    assert await closed_with(socket([(b"host", HOST), (b"origin", b"http://localhost")])) == 4401


async def test_a_wrong_token_is_closed_with_4401(db: None) -> None:
    assert await closed_with(socket([(b"host", HOST)], "bearer.nonsense")) == 4401


async def test_a_cookie_from_another_site_counts_for_nothing(alice: User) -> None:
    assert await closed_with(await by_cookie(alice, origin=b"http://evil.example")) == 4401


async def test_a_page_gets_a_snapshot_first(alice: User) -> None:
    page = await by_cookie(alice)
    assert await listening(page) == {"type": "snapshot", "seq": 0, "bots": []}
    await page.disconnect()


async def test_a_token_travels_as_subprotocol_and_is_echoed(alice: User) -> None:
    access = (await sync_to_async(tokens.issue)(user=alice)).access
    program = socket([(b"host", HOST)], f"bearer.{access}")
    assert await program.connect() == (True, f"bearer.{access}")
    await program.disconnect()


async def test_all_sockets_share_one_reader_those_of_a_user_count_alike_and_others_hear_nothing(
    alice: User, bob: User, redis: Redis
) -> None:
    first, second, other = await by_cookie(alice), await by_token(alice), await by_token(bob)
    for each in (first, second, other):
        await listening(each)
    pnl, fill = {"type": "pnl", "bot_id": alice.id, "equity": Decimal("1.10")}, {"type": "fill"}
    await live.apublish({alice.id: [pnl, fill]})
    for each in (first, second):
        told = [await each.receive_json_from(), await each.receive_json_from()]
        assert [(event["type"], event["seq"]) for event in told] == [("pnl", 1), ("fill", 2)]
        assert told[0]["equity"] == "1.10"
    assert await other.receive_nothing()
    await eventually(lambda: listeners_are(redis, 1))  # an earlier test's may still be about to end
    for each in (first, second, other):
        await each.disconnect()


async def listeners_are(redis: Redis, wanted: int) -> bool:
    ((_, count),) = await redis.pubsub_numsub(live.channel(settings.REDIS_URL))
    return bool(count == wanted)


async def test_numbers_come_in_their_order_however_many_tell_at_once(alice: User) -> None:
    page = await by_token(alice)
    await listening(page)
    await asyncio.gather(*(live.apublish({alice.id: [{"type": "pnl"}] * 2}) for _ in range(20)))
    assert [(await page.receive_json_from())["seq"] for _ in range(40)] == list(range(1, 41))
    await page.disconnect()


async def test_what_happens_while_a_snapshot_is_read_comes_after_it_and_once(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, hear = threading.Event(), LiveConsumer.hear

    def hear_and_say(consumer: LiveConsumer, told: live.Told) -> None:
        hear(consumer, told)
        heard.set()

    def happens() -> None:
        heard.clear()
        live.publish(alice.id, {"type": "bot", "bot_id": alice.id})
        assert heard.wait(PATIENCE)

    def read(user: User) -> dict[str, Any]:
        happens()
        found = snapshot(user)
        happens()
        return found

    monkeypatch.setattr(LiveConsumer, "hear", hear_and_say)
    monkeypatch.setattr("bots.consumers.snapshot", read)
    page = await by_token(alice)
    assert (await listening(page))["seq"] == 1
    assert (await page.receive_json_from())["seq"] == 2
    await page.disconnect()


async def test_a_snapshot_can_be_asked_for_again_and_says_where_the_count_stands(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.consumers.SNAPSHOT_EVERY", 0)
    page = await by_token(alice)
    await listening(page)
    await live.apublish({alice.id: [{"type": "order", "bot_id": alice.id}]})
    assert (await page.receive_json_from())["seq"] == 1
    await page.send_json_to({"type": "snapshot"})
    assert (await page.receive_json_from())["seq"] == 1
    await page.disconnect()


async def test_what_services_publish_synchronously_arrives(alice: User) -> None:
    page = await by_token(alice)
    await listening(page)
    await sync_to_async(live.publish, thread_sensitive=False)(alice.id, {"type": "bot", "bot_id": alice.id})
    assert (await page.receive_json_from())["type"] == "bot"
    await page.disconnect()


async def test_an_open_page_leaves_a_sign_that_somebody_watches(alice: User) -> None:
    assert not await asyncio.to_thread(live.is_watched, alice.id)
    page = await by_token(alice)
    await listening(page)
    await page.send_json_to({"type": "ping"})
    await page.receive_json_from()
    assert await asyncio.to_thread(live.watched, [alice.id]) == {alice.id}
    await page.disconnect()


async def test_the_price_of_a_market_that_is_watched_comes_with_the_last_number(
    alice: User, redis: Redis
) -> None:
    page = await by_token(alice)
    await listening(page)
    await page.send_json_to({"type": "watch", "exchange": "binance", "symbol": "BTC/USDT"})
    price = Decimal("65000.10")
    sent = asyncio.create_task(keep_publishing(redis, Ticker("BTC/USDT", price, price, price, 1)))
    event = await page.receive_json_from()
    sent.cancel()
    assert (event["type"], event["price"], event["seq"]) == ("price", "65000.10", 0)
    await page.disconnect()


async def keep_publishing(redis: Redis, ticker: Ticker) -> None:
    while True:
        await bus.publish_ticker(redis, "binance", ticker)
        await asyncio.sleep(0.05)


async def test_nonsense_is_ignored_and_a_ping_is_answered(alice: User) -> None:
    page = await by_token(alice)
    await listening(page)
    await page.send_to(text_data="not json")
    await page.send_json_to([1, 2])
    await page.send_json_to({"type": "ping"})
    assert await page.receive_json_from() == {"type": "pong"}
    await page.disconnect()


async def test_a_session_and_a_token_that_ended_close_their_sockets_and_no_others(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.consumers.CHECK_EVERY", 2)
    client = await sync_to_async(signed_in)(alice)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    page = socket([(b"host", HOST), (b"origin", b"http://localhost"), (b"cookie", cookie)])
    program, other = await by_token(alice), await by_token(bob)
    for each in (page, program, other):
        await listening(each)
    await sync_to_async(client.logout)()
    assert (await page.receive_output())["code"] == 4401
    await sync_to_async(tokens.revoke_all)(user=alice, reason=Revocation.LOGOUT)
    assert (await program.receive_output())["code"] == 4401
    await live.apublish({alice.id: [{"type": "bot"}], bob.id: [{"type": "bot"}]})
    assert (await other.receive_json_from())["type"] == "bot"
    for each in (page, program):
        assert await each.receive_nothing()
    for each in (page, program, other):
        await each.disconnect()


async def test_a_changed_password_closes_the_sockets_of_every_session(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.consumers.CHECK_EVERY", 2)
    page = await by_cookie(alice)
    await listening(page)
    alice.set_password("another good password")
    await sync_to_async(alice.save)()
    assert (await page.receive_output())["code"] == 4401
    await page.disconnect()


NO_MARKETS: list[Any] = [None, 5, "x" * 21, "BTC\r\n", "BTC\0", "₿TC/USDT", [[[]]], {"a": 1}]


async def test_what_cannot_be_a_market_is_not_listened_to(alice: User, redis: Redis) -> None:
    page = await by_token(alice)
    await listening(page)
    deep = "[" * 1000 + "]" * 1000
    await page.send_to(text_data=f'{{"type": "watch", "exchange": "binance", "symbol": {deep}}}')
    for symbol in (*NO_MARKETS, "ETH/USDT"):
        await page.send_json_to({"type": "watch", "exchange": "binance", "symbol": symbol})

    async def listening_to_something() -> bool:
        return bool(await bus.listened_symbols(redis, "binance"))

    await eventually(listening_to_something)
    assert await bus.listened_symbols(redis, "binance") == {"ETH/USDT"}
    await page.disconnect()


async def test_an_address_that_is_none_is_refused(db: None) -> None:
    for address in ("/ws/other", "/", "/ws/live/"):
        connected, _ = await Patient(websocket_application, address).connect()
        assert not connected


async def test_redis_being_away_stops_no_trade(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(live, "_tell", away)
    await live.apublish({alice.id: [{"type": "bot"}]})


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
