"""Streams one exchange for as long as the lease is ours."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bots.core.ports import ExchangeConnector, ExchangeError
from exchanges.services import open_price_stream, open_public
from marketdata.bus import listened_symbols
from marketdata.collector.candles import CandleKeeper
from marketdata.collector.lease import CollectorLease, LeaseLost
from marketdata.collector.prices import PriceFeed
from marketdata.selectors import followed
from marketdata.services import follow
from marketdata.subscriptions import connect_redis
from marketdata.threads import in_database

log = structlog.get_logger(__name__)

_LOOK_EVERY = 1.0  # seconds between two looks at who is followed
_STALLED_AFTER = 30.0  # seconds without any price of any symbol
_RENEW_EVERY = 60.0
_RETRY_AFTER = 3.0
_MOST_SYMBOLS = 300  # an exchange allows a limited number of streams; the rest is served by REST on demand


async def collect(exchange: str) -> None:
    """Runs until cancelled, as the streaming one or as a standby."""
    lease = CollectorLease(exchange)
    try:
        while True:
            await _wanted(exchange)
            await lease.acquire()
            log.info("collector.leading", exchange=exchange)
            try:
                await _stream_while(lease, exchange)
            except* LeaseLost:
                log.warning("collector.lease_lost", exchange=exchange)
            except* ExchangeError as errors:
                log.warning("collector.exchange_away", exchange=exchange, error=repr(errors.exceptions[0]))
            except* Exception:
                log.exception("collector.failed", exchange=exchange)
            await lease.release()
            await asyncio.sleep(_RETRY_AFTER)
    finally:
        await lease.release()


async def _wanted(exchange: str) -> None:
    """Returns when somebody follows one of its markets: nobody else's exchange is connected to."""
    while not _always_followed(exchange):
        with suppress(DatabaseError):
            if await in_database(followed, exchange, 1):
                return
        await asyncio.sleep(_LOOK_EVERY)


async def _stream_while(lease: CollectorLease, exchange: str) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(lease.hold())
        group.create_task(_collect_with_connections(exchange))


async def _collect_with_connections(exchange: str) -> None:
    connector = await open_public(exchange)
    try:
        async with connect_redis() as redis:
            await Collector(connector, redis).run()
    finally:
        await connector.close()


class Collector:
    """One exchange: who is followed, what they cost, and their closed minutes."""

    def __init__(self, connector: ExchangeConnector, redis: Redis) -> None:
        self._exchange = connector.exchange
        self._connector, self._redis = connector, redis
        self._symbols: set[str] = set()
        self._prices = PriceFeed(self._exchange, redis, lambda _exchange, symbol: connector.ticker(symbol))
        self._candles = CandleKeeper(connector, timedelta(days=settings.MARKETDATA_HISTORY_DAYS))

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for work in (
                    self._follow,
                    self._renew,
                    self._stream,
                    self._prices.publish,
                    self._prices.stale.run,
                    self._candles.write,
                    self._candles.look,
                    self._candles.mend,
                ):
                    group.create_task(work())
        finally:
            await self._candles.flush()

    async def _follow(self) -> None:
        always = _always_followed(self._exchange)
        while True:
            with suppress(DatabaseError, ExchangeError):  # others say when these are away
                wanted = always | await in_database(followed, self._exchange, _MOST_SYMBOLS)
                self._turn_to(wanted, await self._connector.exchange_time())
            await asyncio.sleep(_LOOK_EVERY)

    async def _renew(self) -> None:
        """Whoever listens goes on being served, however long ago the market was asked for."""
        while True:
            with suppress(RedisError, OSError):
                for symbol in await listened_symbols(self._redis, self._exchange):
                    await self._follow_listed(symbol)
            await asyncio.sleep(_RENEW_EVERY)

    async def _follow_listed(self, symbol: str) -> None:
        """Users may listen to anything: a market that is none takes no place and stops no other's renewal."""
        with suppress(DatabaseError, ExchangeError):
            await self._connector.market(symbol)
            await in_database(follow, exchange=self._exchange, symbol=symbol)

    def _turn_to(self, wanted: set[str], now: int) -> None:
        for symbol in wanted - self._symbols:
            log.info("collector.follow", exchange=self._exchange, symbol=symbol)
            self._prices.watch(symbol)
            self._candles.watch(symbol, now)
        for symbol in self._symbols - wanted:
            log.info("collector.unfollow", exchange=self._exchange, symbol=symbol)
            self._prices.forget(symbol)
            self._candles.forget(symbol)
        self._symbols = wanted

    async def _stream(self) -> None:
        """The stream mends its own connection; one that dies or says nothing at all is opened anew."""
        while True:
            stream = await open_price_stream(self._exchange)
            run = asyncio.create_task(
                stream.run(lambda: self._symbols, self._prices.on_ticker, self._candles.on_candle)
            )
            try:
                await self._until_stalled(run)
            except ExchangeError as error:
                log.warning("collector.stream_lost", exchange=self._exchange, detail=error.detail)
            finally:
                run.cancel()
                await asyncio.wait([run])
            await asyncio.sleep(_RETRY_AFTER)

    async def _until_stalled(self, run: "asyncio.Task[None]") -> None:
        silent = 0.0
        while not run.done():
            await asyncio.wait([run], timeout=1.0)
            silent = silent + 1.0 if self._all_stale() else 0.0
            if silent >= _STALLED_AFTER:
                log.warning("collector.stream_stalled", exchange=self._exchange)
                return
        await run

    def _all_stale(self) -> bool:
        return bool(self._symbols) and len(self._prices.stale.stale()) == len(self._symbols)


def _always_followed(exchange: str) -> set[str]:
    pairs = (entry.split(":", 1) for entry in settings.MARKETDATA_ALWAYS_FOLLOW)
    return {symbol for name, symbol in pairs if name == exchange}
