"""/ws/live: who may listen, what comes first, and that nothing is lost unnoticed."""

import asyncio
import threading
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from redis.asyncio import Redis

from accounts import tokens
from accounts.models import Revocation, User
from bots.consumers import LiveConsumer, snapshot
from bots.core.types import Ticker
from bots.services import live
from bots.tests.live_sockets import (
    HOST,
    PATIENCE,
    by_cookie,
    by_token,
    closed_with,
    listening,
    redis,
    signed_in,
    socket,
)
from marketdata import bus
from marketdata.tests.market import eventually

__all__ = ["redis"]  # a fixture of every test here
pytestmark = pytest.mark.django_db(transaction=True)


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
