"""/ws/live: a user's bots as they move. One snapshot, then events with the user's sequence numbers.

Who: the session cookie from a page of ours, or the subprotocol `bearer.<access token>` from anywhere.
The client may send {"type": "snapshot"} after a gap, {"type": "watch", "exchange", "symbol"} for the price of a
market besides those of its bots, and {"type": "ping"}. A `price` is this socket's own: it carries the number of
the last event and takes none.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from accounts.models import User
from accounts.tokens import user_for_access_token
from bots import selectors
from bots.core.types import Ticker
from bots.services import live, price_feed

log = logging.getLogger(__name__)
UNAUTHENTICATED = 4401
TOO_MANY = 4429
FAILED = 1011  # try again
BEARER = "bearer."
WATCH_EVERY = live.WATCH_SECONDS // 3  # beats
CHECK_EVERY = 60  # beats between two looks at whether session or token are still good
SNAPSHOT_EVERY = 1.0  # seconds, at most
MOST_MARKETS = 100
LONGEST_NAME = 20

Market = tuple[str, str]


class LiveConsumer(AsyncWebsocketConsumer):
    beat_seconds: ClassVar[float] = 1.0

    async def connect(self) -> None:
        self.pulse: asyncio.Task[None] | None = None
        self.sequence = 0
        self.snapshot_at = 0.0
        self.prices: dict[Market, Ticker] = {}
        self.markets: dict[Market, Callable[[], None]] = {}
        self.subprotocol = next((p for p in self.scope["subprotocols"] if p.startswith(BEARER)), None)
        self.user = await self.identify()
        await self.accept(self.subprotocol)
        if self.user is None:
            await self.close(UNAUTHENTICATED)
            return
        if not await asyncio.to_thread(live.enter, self.user.id, self.channel_name):
            await self.close(TOO_MANY)
            return
        # Joined before the snapshot is read: what happens in between comes twice rather than not at all.
        await self.channel_layer.group_add(live.group_of(self.user.id), self.channel_name)
        await asyncio.to_thread(live.watch, self.user.id)
        self.bus = await price_feed.join()
        self.pulse = asyncio.create_task(self.live())
        await self.send_snapshot()

    async def identify(self) -> User | None:
        if self.subprotocol is not None:
            token = self.subprotocol.removeprefix(BEARER)
            found: User | None = await database_sync_to_async(user_for_access_token)(token)
        else:
            found = await self.user_of_session() if same_origin(self.scope) else None
        return found

    async def user_of_session(self) -> User | None:
        """None once the session ended, or the password it was opened with changed."""
        session = self.scope.get("session")
        if session is None or not await database_sync_to_async(session.exists)(session.session_key):
            return None
        user = await get_user(self.scope)
        return user if isinstance(user, User) else None

    async def disconnect(self, code: int) -> None:
        if self.user is None or self.pulse is None:
            return
        self.pulse.cancel()
        with suppress(asyncio.CancelledError):
            await self.pulse
        for end in self.markets.values():
            end()
        await price_feed.leave()
        await asyncio.to_thread(live.leave, self.user.id, self.channel_name)
        await self.channel_layer.group_discard(live.group_of(self.user.id), self.channel_name)

    async def live(self) -> None:
        """A socket whose beat fails, as without a database, is closed: its page opens another until one lasts."""
        try:
            await self.beat()
        except Exception:
            log.warning("live_socket_failed", exc_info=True)
            await self.close(FAILED)

    async def beat(self) -> None:
        """Passes prices on, keeps the sign of a watching user fresh, and closes once session or token ended."""
        beats = 0
        while self.user is not None:
            await asyncio.sleep(self.beat_seconds)
            beats += 1
            if beats % WATCH_EVERY == 0:
                await asyncio.to_thread(live.stay, self.user.id, self.channel_name)
            if beats % CHECK_EVERY == 0 and await self.identify() is None:
                await self.close(UNAUTHENTICATED)
                return
            await self.send_prices()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = orjson.loads(text_data or bytes_data or b"")
        except orjson.JSONDecodeError:
            return
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "snapshot":
            await asyncio.sleep(self.snapshot_at + SNAPSHOT_EVERY - time.monotonic())
            await self.send_snapshot()
        elif kind == "watch":
            market = (message.get("exchange"), message.get("symbol"))
            if all(map(is_name, market)):
                self.follow(market)
        elif kind == "ping":
            await self.say({"type": "pong"})

    async def send_snapshot(self) -> None:
        if self.user is None:
            return
        event = await database_sync_to_async(snapshot)(self.user)
        self.sequence, self.snapshot_at = event["seq"], time.monotonic()
        await self.say(event)
        for bot in event["bots"]:
            self.follow((bot["venue"], bot["symbol"]))

    def follow(self, market: Market) -> None:
        if market in self.markets or len(self.markets) >= MOST_MARKETS:
            return
        self.markets[market] = self.bus.subscribe(
            *market, lambda ticker: self.prices.update({market: ticker})
        )

    async def send_prices(self) -> None:
        newest, self.prices = self.prices, {}
        for (exchange, symbol), ticker in newest.items():
            event = {"type": "price", "exchange": exchange, "symbol": symbol, "price": ticker.price}
            await self.say({**live.plain(event), "time": ticker.time, "seq": self.sequence})

    async def live_events(self, message: dict[str, Any]) -> None:
        self.sequence = message["seq"]
        for text in message["texts"]:
            await self.send(text_data=text)

    async def say(self, event: dict[str, Any]) -> None:
        await self.send(text_data=orjson.dumps(event).decode())


def snapshot(user: User) -> dict[str, Any]:
    """`seq` is read first: an event that is already in the snapshot may follow it, none is missed."""
    seq = live.current_sequence(user.id)
    views = selectors.bot_views(selectors.bots_of(user))
    return {"type": "snapshot", "seq": seq, "bots": live.plain(views)}


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
