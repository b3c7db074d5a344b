"""Closed minutes of one exchange on their way to the table, and the mending of their holes."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog
from django.db import Error as DatabaseError

from bots.core.ports import ExchangeError, UnknownSymbol
from bots.core.types import Candle
from marketdata.backfill import CandleSource, backfill
from marketdata.services import store_candles
from marketdata.threads import in_database
from marketdata.validation import MINUTE

log = structlog.get_logger(__name__)

_GRACE = 15_000  # ms a closed minute may take to arrive before it counts as missing
_MOST_WAITING = 500  # minutes kept per symbol while the database is away; what is dropped is a hole to mend


class CandleKeeper:
    """A minute is missing when a later one arrives, or when it is late: both are mended by REST."""

    def __init__(
        self,
        connector: CandleSource,
        depth: timedelta,
        *,
        batch_every: float = 1.0,
        retry_after: float = 5.0,
    ) -> None:
        self._connector, self._exchange = connector, connector.exchange
        self._depth = int(depth.total_seconds() * 1000)
        self._batch_every, self._retry_after = batch_every, retry_after
        self._newest: dict[str, int] = {}  # the last minute that is known or being fetched
        self._waiting: dict[str, list[Candle]] = {}
        self._holes: dict[str, int] = {}  # symbol -> first missing minute
        self._torn = asyncio.Event()

    def watch(self, symbol: str, now: int) -> None:
        """`now` is the exchange's clock in ms. Fills what is missing of the last days."""
        self._newest.setdefault(symbol, now // MINUTE * MINUTE - MINUTE)
        self._tear(symbol, now - self._depth)

    def forget(self, symbol: str) -> None:
        for memory in (self._newest, self._holes):
            memory.pop(symbol, None)

    def on_candle(self, symbol: str, candle: Candle) -> None:
        if (newest := self._newest.get(symbol)) is None:
            return  # no longer followed
        if candle.time > newest + MINUTE:
            self._tear(symbol, newest + MINUTE)
        self._newest[symbol] = max(newest, candle.time)
        waiting = self._waiting.setdefault(symbol, [])
        waiting.append(candle)
        if len(waiting) > _MOST_WAITING:
            self._tear(symbol, waiting.pop(0).time)

    async def write(self) -> None:
        while True:
            await asyncio.sleep(self._batch_every)
            await self.flush()

    async def flush(self) -> None:
        for symbol in list(self._waiting):
            candles = self._waiting.pop(symbol)
            try:
                report = await in_database(
                    store_candles, exchange=self._exchange, symbol=symbol, candles=candles
                )
            except DatabaseError as error:
                self._waiting[symbol] = candles + self._waiting.get(symbol, [])
                log.warning("collector.candles_not_stored", symbol=symbol, error=type(error).__name__)
                return
            if report.rejected:
                log.warning("collector.candles_refused", symbol=symbol, reasons=dict(report.rejected))

    async def look(self) -> None:
        """Finds the minutes that should have come by now."""
        while True:
            await asyncio.sleep(self._batch_every)
            with suppress(ExchangeError):
                self._look_at(await self._connector.exchange_time())

    def _look_at(self, now: int) -> None:
        due = (now - _GRACE) // MINUTE * MINUTE - MINUTE
        for symbol, newest in self._newest.items():
            if newest < due:
                self._tear(symbol, newest + MINUTE)
                self._newest[symbol] = due

    async def mend(self) -> None:
        while True:
            await self._torn.wait()
            self._torn.clear()
            for symbol in list(self._holes):
                await self._mend_one(symbol)

    async def _mend_one(self, symbol: str) -> None:
        if (start := self._holes.pop(symbol, None)) is None:
            return
        try:
            report = await backfill(self._connector, symbol=symbol, start=start)
        except UnknownSymbol:
            log.warning("collector.unknown_symbol", exchange=self._exchange, symbol=symbol)
        except (ExchangeError, DatabaseError) as error:
            log.warning("collector.backfill_failed", symbol=symbol, error=type(error).__name__)
            self._tear(symbol, start)
            await asyncio.sleep(self._retry_after)
        else:
            if report.stored:
                log.info(
                    "collector.backfilled", exchange=self._exchange, symbol=symbol, minutes=report.stored
                )

    def _tear(self, symbol: str, start: int) -> None:
        if symbol not in self._newest:
            return  # no longer followed
        self._holes[symbol] = min(start, self._holes.get(symbol, start))
        self._torn.set()
