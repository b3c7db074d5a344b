"""Public prices and closed candles of many symbols over few connections."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import aiohttp
import orjson

from bots.core.ports import UnknownSymbol
from bots.core.types import Candle, Ticker
from exchanges.connector import socket
from exchanges.connector.markets import Markets

CONFLATE = 0.05

OnTicker = Callable[[Ticker], None]
OnCandle = Callable[[str, Candle], None]


@dataclass(frozen=True, slots=True)
class News:
    """What one message says of one market."""

    market_id: str
    time: int
    price: Decimal | None = None
    book: tuple[Decimal, Decimal] | None = None  # best bid and ask
    candle: Candle | None = None  # a closed minute


class PublicPrices(Protocol):
    async def run(
        self, symbols: Callable[[], set[str]], on_ticker: OnTicker, on_closed_candle: OnCandle
    ) -> None:
        """Until cancelled. `symbols` is asked again and again for what is wanted now; symbols the exchange does not
        list are left out."""


class PriceWire(ABC):
    """How an exchange is asked for its public stream, and what its messages mean."""

    symbols_per_socket = 300
    streams_per_message = 150
    message_pause = 0.25  # seconds between two messages of ours
    ping_every = 0.0  # seconds; 0: the protocol's own pings are enough

    @abstractmethod
    def url(self, client: Any, number: int) -> str: ...

    @abstractmethod
    def streams(self, market_id: str) -> list[str]: ...

    @abstractmethod
    def request(self, subscribe: bool, streams: list[str], number: int) -> dict[str, Any]: ...

    @abstractmethod
    def news(self, message: Any, now: int) -> list[News]:
        """Raises what `socket.reading` catches."""


class PriceStream:
    def __init__(self, markets: Markets, wire: PriceWire) -> None:
        self._markets, self._wire = markets, wire

    async def run(
        self, symbols: Callable[[], set[str]], on_ticker: OnTicker, on_closed_candle: OnCandle
    ) -> None:
        """A symbol's first news is passed on at once, then at most twenty a second."""
        await self._markets.ready()
        tickers = Tickers(on_ticker)
        sockets: list[_PriceSocket] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._share_out(self._ids(symbols()), sockets)
                    for number, connection in enumerate(sockets):
                        if not connection.started:
                            connection.started = True
                            tasks.create_task(
                                connection.run(self._markets, number, tickers, on_closed_candle)
                            )
                    await asyncio.sleep(1)
        finally:
            tickers.close()

    def _ids(self, symbols: set[str]) -> set[str]:
        ids = set()
        for symbol in symbols:
            try:
                ids.add(self._markets.id_of(symbol))
            except UnknownSymbol:
                continue
        return ids

    def _share_out(self, wanted: set[str], sockets: list["_PriceSocket"]) -> None:
        for connection in sockets:
            connection.wanted &= wanted
            wanted = wanted - connection.wanted
        most = self._wire.symbols_per_socket
        for market_id in sorted(wanted):
            free = next((each for each in sockets if len(each.wanted) < most), None)
            if free is None:
                free = _PriceSocket(self._wire)
                sockets.append(free)
            free.wanted.add(market_id)


class _PriceSocket:
    def __init__(self, wire: PriceWire) -> None:
        self.wanted: set[str] = set()
        self.started = False
        self._wire = wire

    async def run(self, markets: Markets, number: int, tickers: "Tickers", on_candle: OnCandle) -> None:
        venue = markets.venue
        url = self._wire.url(venue.client, number)

        async def connection() -> None:
            await venue.may_connect("prices")
            async with socket.websocket(venue.session, url) as ws:
                beside = [asyncio.create_task(self._keep_subscribed(ws))]
                if self._wire.ping_every:
                    beside.append(asyncio.create_task(socket.keep_alive(ws, self._wire.ping_every)))
                try:
                    async for message in socket.messages(ws):
                        self._take(message, markets, tickers, on_candle)
                finally:
                    for task in beside:
                        task.cancel()
                    await asyncio.gather(*beside, return_exceptions=True)

        await socket.forever(f"price stream {number} of {venue.facts.name}", connection)

    async def _keep_subscribed(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        wire, number = self._wire, 0
        subscribed: set[str] = set()
        while not ws.closed:
            for subscribe, ids in ((False, subscribed - self.wanted), (True, self.wanted - subscribed)):
                streams = [stream for market_id in sorted(ids) for stream in wire.streams(market_id)]
                for start in range(0, len(streams), wire.streams_per_message):
                    number += 1
                    part = streams[start : start + wire.streams_per_message]
                    await ws.send_str(orjson.dumps(wire.request(subscribe, part, number)).decode())
                    await asyncio.sleep(wire.message_pause)
                subscribed = subscribed | ids if subscribe else subscribed - ids
            await asyncio.sleep(wire.message_pause)

    def _take(self, message: Any, markets: Markets, tickers: "Tickers", on_candle: OnCandle) -> None:
        with socket.reading():
            told = self._wire.news(message, markets.venue.clock.now())
        for news in told:
            symbol = markets.symbol_of(news.market_id)
            if symbol is None:
                continue
            if news.candle is not None:
                on_candle(symbol, news.candle)
            tickers.news(symbol, news.price, news.book, news.time)


class Tickers:
    """The newest of each symbol, passed on at once after a pause, then every `CONFLATE`."""

    def __init__(self, on_ticker: OnTicker) -> None:
        self._on_ticker = on_ticker
        self._loop = asyncio.get_running_loop()
        self._price: dict[str, Decimal] = {}
        self._book: dict[str, tuple[Decimal, Decimal]] = {}
        self._time: dict[str, int] = {}
        self._passed_on: dict[str, float] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def close(self) -> None:
        for handle in self._waiting.values():
            handle.cancel()

    def news(
        self, symbol: str, price: Decimal | None, book: tuple[Decimal, Decimal] | None, time: int
    ) -> None:
        """A new last price, or a new best bid and ask."""
        if price is not None:
            self._price[symbol] = price
        if book is not None:
            self._book[symbol] = book
        self._time[symbol] = max(time, self._time.get(symbol, 0))
        if symbol in self._waiting or symbol not in self._price:
            return
        pause = self._passed_on.get(symbol, 0.0) + CONFLATE - self._loop.time()
        if pause <= 0:
            self._pass_on(symbol)
        else:
            self._waiting[symbol] = self._loop.call_later(pause, self._pass_on, symbol)

    def _pass_on(self, symbol: str) -> None:
        self._waiting.pop(symbol, None)
        self._passed_on[symbol] = self._loop.time()
        price = self._price[symbol]
        bid, ask = self._book.get(symbol, (price, price))
        self._on_ticker(Ticker(symbol, price, bid, ask, self._time[symbol]))
