"""A public market that the test moves by hand, and a stream that listens to it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from django.db import connections

from bots.core.ports import UnknownSymbol
from bots.core.types import Candle, Market, OrderReport, OrderRequest, Ticker
from exchanges.connector.paper import PaperConnector
from exchanges.connector.paper_stream import PaperStream
from exchanges.connector.stream import Event, StreamReset
from exchanges.models import Credential
from exchanges.paper.store import DatabaseStore
from exchanges.paper.tests.desks import MARKET, D, order, ticker

MINUTE = 60_000
T = TypeVar("T")


class Public:
    """The exchange without keys. Its clock is the machine's, `ahead` of it."""

    exchange = "binance"
    resolve_delay_ms = 10_000

    def __init__(self) -> None:
        self.ahead = 0
        self.shown = ticker("49990", "50010", "50000")
        self.minutes: list[Candle] = []
        self.page = 1000
        self.window = 10**9  # minutes that one answer spans
        self.asked: list[int] = []  # from when on candles were asked for
        self.trouble: Exception | None = None

    async def market(self, symbol: str) -> Market:
        if symbol != MARKET.symbol:
            raise UnknownSymbol("No such market.")
        return MARKET

    async def exchange_time(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead

    async def ticker(self, symbol: str) -> Ticker:
        if self.trouble:
            raise self.trouble
        return self.shown

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        self.asked.append(start)
        if self.trouble:
            raise self.trouble
        end = start + self.window * MINUTE
        return [candle for candle in self.minutes if start <= candle.time < end][: self.page]

    async def close(self) -> None:
        """Nothing is held."""

    def minute(self, number: int, low: str, high: str) -> Candle:
        """The one that many minutes from now."""
        now = time.time_ns() // 1_000_000 + self.ahead
        start = now - now % MINUTE + number * MINUTE
        found = Candle(start, D(low), D(high), D(low), D(high), D(1))
        self.minutes.append(found)
        return found


class Prices:
    """The bus."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Ticker], None]] = []
        self.stale = False

    def subscribe(self, exchange: str, symbol: str, callback: Callable[[Ticker], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def is_stale(self, exchange: str, symbol: str) -> bool:
        return self.stale

    def tell(self, bid: str, ask: str, price: str | None = None) -> None:
        for listener in list(self.listeners):
            listener(ticker(bid, ask, price, time.time_ns() // 1_000_000))


async def in_database(work: Callable[[], T]) -> T:
    """In a thread that gives its connection back."""

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


class World:
    """One process with the account: connector, stream, and what the stream said."""

    def __init__(self, paper: Credential, public: Public | None = None, prices: Prices | None = None) -> None:
        self.public, self.prices = public or Public(), prices or Prices()
        self.connector = PaperConnector(self.public, DatabaseStore(paper))
        self.events: list[Event] = []
        self._heard = asyncio.Event()

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._heard.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        """With the stream live."""
        stream = asyncio.create_task(PaperStream(self.connector, self.prices).run(self._hear))
        try:
            await self.until(lambda: StreamReset() in self.events or stream.done())
            if stream.done():
                stream.result()
            yield self
        finally:
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)

    async def until(self, holds: Callable[[], Any], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                self._heard.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await self._heard.wait()
                except TimeoutError:
                    continue

    async def place(self, *args: Any, **more: Any) -> OrderReport:
        return await self.send(order(*args, **more))

    async def send(self, request: OrderRequest) -> OrderReport:
        return await self.connector.create_order(request, await self.connector.exchange_time())

    @property
    def told(self) -> list[Any]:
        return [event for event in self.events if not isinstance(event, StreamReset)]
