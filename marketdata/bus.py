"""Prices on their way from the collector to the bots: Redis pub/sub, where only the newest of a symbol
counts.

The last price of a market lies under the key that is also its channel's name. Redis may lose all of it: the
next tick brings it back, and until then prices are asked for by REST."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
import redis as sync_redis
import structlog
from django.conf import settings
from redis.asyncio import Redis
from redis.connection import parse_url
from redis.exceptions import RedisError

from bots.core.types import Ticker
from marketdata import subscriptions
from marketdata.jumps import Jumps
from marketdata.staleness import POLL_EVERY, STALE_AFTER, Fetch, StalePrices
from marketdata.subscriptions import Subscriptions

log = structlog.get_logger(__name__)

Callback = Callable[[Ticker], None]

_KEPT_MS = 60_000  # how long the last price outlives the last tick


def channel_of(exchange: str, symbol: str) -> str:
    """Names the Redis database, because pub/sub does not keep databases apart: simulated prices of one
    deployment must never reach the bots of another on the same server."""
    return f"price:{_database(settings.REDIS_URL)}:{exchange}:{symbol}"


@lru_cache(maxsize=1)
def _database(url: str) -> int:
    return int(parse_url(url).get("db", 0))


def encode(ticker: Ticker) -> bytes:
    return orjson.dumps([ticker.symbol, str(ticker.price), str(ticker.bid), str(ticker.ask), ticker.time])


def decode(message: bytes) -> Ticker:
    """Raises ValueError for what is no price."""
    try:
        symbol, *prices, ms = orjson.loads(message)
        price, bid, ask = map(Decimal, prices)
        moment = int(ms)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"No price: {type(error).__name__}") from None
    if not (price.is_finite() and price > 0):
        raise ValueError("No price: not above zero")
    return Ticker(symbol, price, bid, ask, moment)


async def publish_ticker(redis: Redis, exchange: str, ticker: Ticker) -> None:
    await publish_tickers(redis, exchange, [ticker])


async def publish_tickers(redis: Redis, exchange: str, tickers: Iterable[Ticker]) -> None:
    """All in one round trip. Raises RedisError, and TimeoutError after 5 seconds."""
    pipe = redis.pipeline(transaction=False)
    for ticker in tickers:
        channel, message = channel_of(exchange, ticker.symbol), encode(ticker)
        pipe.set(channel, message, px=_KEPT_MS)
        pipe.publish(channel, message)
    async with asyncio.timeout(subscriptions.PATIENCE):
        await pipe.execute()


async def listened_symbols(redis: Redis, exchange: str) -> set[str]:
    """The markets that some process is subscribed to at this moment."""
    prefix = channel_of(exchange, "")
    async with asyncio.timeout(subscriptions.PATIENCE):
        channels: list[Any] = await redis.pubsub_channels(f"{prefix}*")
    return {channel.decode().removeprefix(prefix) for channel in channels}


def last_ticker(exchange: str, symbol: str) -> Ticker | None:
    """The last price seen, at most a minute old (`time` tells); None without one or without Redis."""
    try:
        message = _client(settings.REDIS_URL).get(channel_of(exchange, symbol))
        return decode(message) if isinstance(message, bytes) else None
    except (RedisError, ValueError):
        return None


def last_tickers(markets: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Ticker]:
    """Of many (exchange, symbol) in one round trip; those without a price, or all without Redis, are missing."""
    wanted = sorted(set(markets))
    try:
        found: Any = (
            _client(settings.REDIS_URL).mget([channel_of(*each) for each in wanted]) if wanted else []
        )
    except RedisError:
        return {}
    tickers = {}
    for market, message in zip(wanted, found, strict=True):
        with suppress(ValueError):
            tickers[market] = decode(message) if message else None
    return {market: ticker for market, ticker in tickers.items() if ticker}


async def last_ticker_async(exchange: str, symbol: str) -> Ticker | None:
    return await asyncio.to_thread(last_ticker, exchange, symbol)


@lru_cache(maxsize=1)
def _client(url: str) -> sync_redis.Redis:
    return sync_redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


class _Feed:
    """One market and who listens to it."""

    def __init__(self, exchange: str, symbol: str) -> None:
        self.market = (exchange, symbol)
        self.callbacks: tuple[Callback, ...] = ()
        self.last: Ticker | None = None


class PriceBus:
    """One per process: one connection, one subscription per symbol, fanned out in memory. Lives on the loop
    that called `start`; everything else must be called on that loop too. Callbacks must not block.

    `fetch(exchange, symbol)` asks the exchange itself and is used for markets that fall silent."""

    def __init__(
        self,
        *,
        url: str | None = None,
        fetch: Fetch | None = None,
        stale_after: float = STALE_AFTER,
        poll_every: float = POLL_EVERY,
    ) -> None:
        self._feeds: dict[str, _Feed] = {}
        self._subscriptions = Subscriptions(
            url=url, wanted=lambda: set(self._feeds), heard=self._on_message, joined=self._tell_last
        )
        self._stale = StalePrices(fetch, self._on_fetched, stale_after=stale_after, poll_every=poll_every)
        self._jumps = Jumps(fetch, self._on_fetched)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._subscriptions.run()), asyncio.create_task(self._stale.run())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._jumps.close()

    def subscribe(self, exchange: str, symbol: str, callback: Callback) -> Callable[[], None]:
        """Calls back with every price from now on, the last known one first. Returns what ends it."""
        channel = channel_of(exchange, symbol)
        feed = self._feeds.get(channel)
        if feed is None:
            feed = self._feeds[channel] = _Feed(exchange, symbol)
            self._stale.watch(feed.market)
            self._subscriptions.changed = True
        feed.callbacks += (callback,)
        if feed.last and not self._stale.is_stale(feed.market):
            _call(callback, feed.last)
        return lambda: self._unsubscribe(channel, feed, callback)

    def is_stale(self, exchange: str, symbol: str) -> bool:
        """True when no price came over the bus for 10 s: what the bot sees then comes by REST, if at all."""
        return self._stale.is_stale((exchange, symbol))

    def _unsubscribe(self, channel: str, feed: _Feed, callback: Callback) -> None:
        feed.callbacks = tuple(each for each in feed.callbacks if each is not callback)
        if not feed.callbacks and self._feeds.get(channel) is feed:
            del self._feeds[channel]
            self._stale.forget(feed.market)
            self._subscriptions.changed = True

    def _on_message(self, channel: str, message: Any) -> None:
        """What is no price is left out: whoever published it, its market falls silent, and no other does."""
        if feed := self._feeds.get(channel):
            try:
                ticker = decode(message)
            except ValueError as error:
                log.warning("price_bus.malformed", channel=channel, error=str(error))
                return
            if self._jumps.believes(feed.market, feed.last, ticker):
                self._stale.heard(feed.market)
                _fan_out(feed, ticker)

    def _on_fetched(self, market: tuple[str, str], ticker: Ticker) -> None:
        if feed := self._feeds.get(channel_of(*market)):
            _fan_out(feed, ticker)

    async def _tell_last(self, redis: Redis, channels: list[str]) -> None:
        """Those who came for these markets hear the last price, if it is fresh."""
        for channel, message in zip(channels, await redis.mget(channels), strict=True):
            if isinstance(message, bytes) and _is_fresh(message):
                self._on_message(channel, message)


def _is_fresh(message: bytes) -> bool:
    try:
        return time.time() * 1000 - decode(message).time < STALE_AFTER * 1000
    except ValueError:
        return False


def _fan_out(feed: _Feed, ticker: Ticker) -> None:
    feed.last = ticker
    for callback in feed.callbacks:
        _call(callback, ticker)


def _call(callback: Callback, ticker: Ticker) -> None:
    """One listener's fault is not the others'."""
    try:
        callback(ticker)
    except Exception:
        log.exception("price_bus.callback_failed", symbol=ticker.symbol)
