"""/ws/live: a user's bots as they move. One snapshot, then events with the user's sequence numbers.

Who: the session cookie from a page of ours, or the subprotocol `bearer.<access token>` from anywhere.
The client may send {"type": "snapshot"} after a gap, {"type": "watch", "exchange", "symbol"} for the price of a
market besides those of its bots, and {"type": "ping"}. A `price` is this socket's own: it carries the number of
the last event and takes none, and a market's comes about once a second.

What all sockets of the process share is the hub's (`services/hub.py`). A socket's own are two tasks: one sends all that
is numbered, so that nothing comes before its snapshot or out of order, the other looks whether it may still listen.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import orjson
from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from accounts.models import User
from accounts.sessions import SessionStore
from accounts.tokens import user_for_access_token
from bots import selectors
from bots.core.types import Ticker
from bots.services import live
from bots.services.hub import Hub, Market, Price, join, part

log = logging.getLogger(__name__)
UNAUTHENTICATED = 4401
TOO_MANY = 4429
FAILED = 1011  # try again
BEARER = "bearer."
SOONEST, LATEST = 0.6, 1.25  # beats after a socket's last prices
CHECK_EVERY = 60  # beats between two looks at whether session or token are still good
SNAPSHOT_EVERY = 1.0  # seconds, at most
MOST_MARKETS = 100
LONGEST_NAME = 20


class LiveConsumer(AsyncWebsocketConsumer):
    beat_seconds: ClassVar[float] = 1.0
    user: User
    hub: Hub
    timer: asyncio.TimerHandle

    async def connect(self) -> None:
        self.name = uuid4().hex
        self.tasks: list[asyncio.Task[None]] = []  # none until the socket is let in
        self.news, self.due, self.priced_at = asyncio.Event(), True, 0.0
        self.waiting: list[live.Told] = []
        self.sequence = 0
        self.asked, self.snapshot_at = True, 0.0
        self.prices: dict[Price, Ticker | None] = {}  # each with what was sent of it
        self.subprotocol = next((p for p in self.scope["subprotocols"] if p.startswith(BEARER)), None)
        # Without the middleware of sessions, which looks at each message whether a cookie is to be sent with it.
        self.session = SessionStore(self.scope["cookies"].get(settings.SESSION_COOKIE_NAME))
        user = await self.identify()
        await self.accept(self.subprotocol)
        if user is None:
            await self.close(UNAUTHENTICATED)
        elif not await asyncio.to_thread(live.enter, user.id, self.name):
            await self.close(TOO_MANY)
        else:
            self.user, self.hub = user, await join()
            self.timer = asyncio.get_running_loop().call_later(0, self.beat)
            self.tasks = [asyncio.create_task(self.lasting(work)) for work in (self.tell(), self.guard())]

    @property
    def user_id(self) -> UUID:
        return self.user.id

    async def identify(self) -> User | None:
        if self.subprotocol is not None:
            token = self.subprotocol.removeprefix(BEARER)
            found: User | None = await database_sync_to_async(user_for_access_token)(token)
        else:
            found = await self.user_of_session() if same_origin(self.scope) else None
        return found

    async def user_of_session(self) -> User | None:
        """None once the session ended, or the password it was opened with changed."""
        session = self.session
        if not await database_sync_to_async(session.exists)(session.session_key):
            return None
        user = await get_user({"session": session})
        return user if isinstance(user, User) else None

    async def disconnect(self, code: int) -> None:
        if not self.tasks:
            return
        self.timer.cancel()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.hub.leave(self)
        for price in self.prices:
            self.hub.forget(price)
        await part()
        await asyncio.to_thread(live.leave, self.user_id, self.name)

    async def lasting(self, work: Coroutine[Any, Any, None]) -> None:
        """A socket whose task fails, as without a database, is closed: its page opens another until one lasts."""
        try:
            await work
        except Exception:
            log.warning("live_socket_failed", exc_info=True)
            await self.close(FAILED)

    async def guard(self) -> None:
        """Tells nothing more, and closes, once session or token ended."""
        while True:
            await asyncio.sleep(CHECK_EVERY * self.beat_seconds)
            if await self.identify() is None:
                self.tasks[0].cancel()
                await self.close(UNAUTHENTICATED)
                return

    def hear(self, told: live.Told) -> None:
        self.waiting.append(told)
        self.news.set()

    def beat(self) -> None:
        self.due = True
        self.news.set()

    async def tell(self) -> None:
        await self.hub.enter(self)  # before the snapshot is read: what happens in between is not missed
        while True:
            await self.news.wait()
            self.news.clear()
            if self.asked:
                await self.send_snapshot()
            together = bool(self.waiting) and time.monotonic() - self.priced_at > SOONEST * self.beat_seconds
            await self.send_events()
            if self.due or together:
                await self.send_prices()

    async def send_snapshot(self) -> None:
        await asyncio.sleep(self.snapshot_at + SNAPSHOT_EVERY - time.monotonic())
        self.asked = False
        event = await database_sync_to_async(snapshot)(self.user)
        self.sequence, self.snapshot_at = event["seq"], time.monotonic()
        self.waiting = [told for told in self.waiting if told.last > self.sequence]  # it holds the others
        await self.send(live.text(event))
        for bot in event["bots"]:
            self.follow((bot["venue"], bot["symbol"]))

    async def send_events(self) -> None:
        waiting, self.waiting = self.waiting, []
        for told in waiting:
            for text in told.texts:
                await self.base_send({"type": "websocket.send", "text": text})
            self.sequence = told.last

    async def send_prices(self) -> None:
        """With events where those come, since what goes out together is one packet; by the clock where they don't."""
        self.due, self.priced_at = False, time.monotonic()
        self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(LATEST * self.beat_seconds, self.beat)
        for price, sent in tuple(self.prices.items()):
            if price.ticker is not sent:
                self.prices[price] = price.ticker
                await self.base_send({"type": "websocket.send", "text": price.text(self.sequence)})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = orjson.loads(text_data or bytes_data or b"")
        except orjson.JSONDecodeError:
            return
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "snapshot":
            self.asked = True
            self.news.set()
        elif kind == "watch":
            market = (message.get("exchange"), message.get("symbol"))
            if all(map(is_name, market)):
                self.follow(market)
        elif kind == "ping":
            await self.send(live.text({"type": "pong"}))

    def follow(self, market: Market) -> None:
        known = market in {price.market for price in self.prices}
        if self.tasks and not known and len(self.prices) < MOST_MARKETS:
            self.prices[self.hub.follow(market)] = None


def snapshot(user: User) -> dict[str, Any]:
    """`seq` is read first: an event that is already in the snapshot may follow it, none is missed."""
    seq = live.current_sequence(user.id)
    views = selectors.bot_views(selectors.bots_of(user))
    return {"type": "snapshot", "seq": seq, "bots": views}


def is_name(value: Any) -> bool:
    """What may be an exchange's or a market's name: it becomes one of a Redis channel, which all processes see."""
    return isinstance(value, str) and len(value) <= LONGEST_NAME and value.isascii() and value.isprintable()


def same_origin(scope: dict[str, Any]) -> bool:
    """A cookie counts only from a page of this site: browsers send it along from any."""
    headers = dict(scope["headers"])
    origin, host = headers.get(b"origin", b"").decode("latin1"), headers.get(b"host", b"").decode("latin1")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    return urlsplit(origin).netloc == host or origin in settings.CSRF_TRUSTED_ORIGINS
