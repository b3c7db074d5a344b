"""Redis pub/sub on one connection of a process, through any number of broken ones."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_SLICE = 0.1  # seconds a quiet connection waits before it looks for new subscriptions
_PING_EVERY, _DEAD_AFTER = 5.0, 15.0  # seconds
PATIENCE = 5.0  # with one request
_SLOWEST_RETRY = 5.0

Heard = Callable[[str, bytes], None]
Joined = Callable[[Redis, list[str]], Awaitable[None]]


def connect_redis(url: str | None = None) -> Redis:
    """For use on an event loop. Without a socket timeout: with one, redis-py sends inside
    `asyncio.wait_for`, which in Python 3.11 swallows a cancellation that comes in the wrong moment. Callers
    set their own `asyncio.timeout`; what failed is theirs to repeat."""
    return Redis.from_url(
        url or settings.REDIS_URL, socket_timeout=None, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0)
    )


class Subscriptions:
    """Hears the channels that `wanted()` names; say `changed = True` when it names others. `heard` must not block;
    `joined` is awaited after channels were asked for. `complete` is set while Redis has confirmed all of them."""

    def __init__(
        self, *, url: str | None, wanted: Callable[[], set[str]], heard: Heard, joined: Joined | None = None
    ) -> None:
        self._url = url
        self._wanted, self._heard, self._joined = wanted, heard, joined
        self._connected = False
        self._asked: set[str] = set()
        self._confirmed: set[str] = set()
        self.changed = False
        self.complete = asyncio.Event()

    async def run(self) -> None:
        """Reads until cancelled."""
        delay = _SLICE
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, ValueError) as error:
                if self._connected or delay == _SLICE:
                    log.warning("subscriptions.lost", error=type(error).__name__)
                delay = _SLICE if self._connected else min(delay * 2, _SLOWEST_RETRY)
                self._connected = False
                self.complete.clear()
            await asyncio.sleep(delay)

    async def _listen(self) -> None:
        async with connect_redis(self._url) as redis, redis.pubsub() as pubsub:
            async with asyncio.timeout(PATIENCE):
                await redis.ping()
            self._connected = self.changed = True
            self._asked, self._confirmed = set(), set()
            heard = pinged = time.monotonic()
            while True:
                if self.changed:
                    async with asyncio.timeout(PATIENCE):
                        await self._follow(redis, pubsub)
                now = time.monotonic()
                if not self._asked:
                    await asyncio.sleep(_SLICE)
                    heard = now
                elif message := await pubsub.get_message(timeout=_SLICE):
                    heard = now
                    self._take(message["type"], message["channel"], message["data"])
                elif now - pinged > _PING_EVERY:
                    async with asyncio.timeout(PATIENCE):
                        await pubsub.ping()
                    pinged = now
                elif now - heard > _DEAD_AFTER:
                    raise ConnectionResetError("Redis says nothing, not even to a ping")

    def _take(self, kind: str, channel: bytes | None, data: bytes) -> None:
        if channel is None:
            return  # the answer to a ping
        if kind == "message":
            self._heard(channel.decode(), data)
        elif kind == "subscribe":
            self._confirmed.add(channel.decode())
            if self._asked <= self._confirmed:
                self.complete.set()

    async def _follow(self, redis: Redis, pubsub: PubSub) -> None:
        """Brings the subscriptions to what is wanted."""
        self.changed = False
        wanted = self._wanted()
        new, gone = wanted - self._asked, self._asked - wanted
        if gone:
            await pubsub.unsubscribe(*gone)
            self._confirmed -= gone
        if new:
            self.complete.clear()
            await pubsub.subscribe(*new)
        self._asked = wanted
        if new and self._joined is not None:
            await self._joined(redis, list(new))
