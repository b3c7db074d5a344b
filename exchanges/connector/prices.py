"""Public prices and closed candles of many symbols over few connections."""

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import aiohttp
import orjson

from bots.core.ports import UnknownSymbol
from bots.core.types import Candle, Ticker
from exchanges.connector import mapping, socket
from exchanges.connector.markets import Markets

log = logging.getLogger(__name__)

CHANNELS = ("trade", "bookTicker", "kline_1m")
SYMBOLS_PER_SOCKET = 300  # of Binance's 1,024 streams
STREAMS_PER_MESSAGE = 150
MESSAGE_PAUSE = 0.25  # Binance hears 5 messages a second
CONFLATE = 0.05

OnTicker = Callable[[Ticker], None]
OnCandle = Callable[[str, Candle], None]


class PriceStream:
    def __init__(self, markets: Markets) -> None:
        self._markets = markets

    async def run(
        self, symbols: Callable[[], set[str]], on_ticker: OnTicker, on_closed_candle: OnCandle
    ) -> None:
        """Until cancelled. `symbols` is asked every second for what is wanted now; symbols the exchange does
        not list are left out. A symbol's first news is passed on at once, then at most twenty a second."""
        await self._markets.ready()
        tickers = _Tickers(on_ticker)
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
        for market_id in sorted(wanted):
            free = next((each for each in sockets if len(each.wanted) < SYMBOLS_PER_SOCKET), None)
            if free is None:
                free = _PriceSocket()
                sockets.append(free)
            free.wanted.add(market_id)


class _PriceSocket:
    def __init__(self) -> None:
        self.wanted: set[str] = set()
        self.started = False

    async def run(self, markets: Markets, number: int, tickers: "_Tickers", on_candle: OnCandle) -> None:
        venue = markets.venue
        url = f"{venue.client.urls['api']['ws']['spot']}/{number}"

        async def connection() -> None:
            await socket.may_connect(venue, "prices")
            async with socket.websocket(venue.session, url) as ws:
                subscribing = asyncio.create_task(self._keep_subscribed(ws))
                try:
                    async for message in socket.messages(ws):
                        self._take(message, markets, tickers, on_candle)
                finally:
                    subscribing.cancel()
                    await asyncio.gather(subscribing, return_exceptions=True)

        await socket.forever(f"price stream {number} of {venue.facts.name}", connection)

    async def _keep_subscribed(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        subscribed: set[str] = set()
        number = 0
        while not ws.closed:
            for method, ids in (
                ("UNSUBSCRIBE", subscribed - self.wanted),
                ("SUBSCRIBE", self.wanted - subscribed),
            ):
                streams = [
                    f"{market_id.lower()}@{channel}" for market_id in sorted(ids) for channel in CHANNELS
                ]
                for start in range(0, len(streams), STREAMS_PER_MESSAGE):
                    number += 1
                    part = streams[start : start + STREAMS_PER_MESSAGE]
                    request = orjson.dumps({"method": method, "params": part, "id": number})
                    await ws.send_str(request.decode())
                    await asyncio.sleep(MESSAGE_PAUSE)
                subscribed = subscribed - ids if method == "UNSUBSCRIBE" else subscribed | ids
            await asyncio.sleep(MESSAGE_PAUSE)

    def _take(self, message: Any, markets: Markets, tickers: "_Tickers", on_candle: OnCandle) -> None:
        candle = None
        with socket.reading():
            symbol = markets.symbol_of(message.get("s", ""))
            if symbol is None:
                return
            price, book = None, None
            kind = message.get("e")
            if kind == "trade":
                price, time = Decimal(message["p"]), int(message["T"])
            elif kind == "kline":
                price, time = Decimal(message["k"]["c"]), int(message["E"])
                candle = mapping.stream_candle(message["k"]) if message["k"]["x"] else None
            elif kind is None and "b" in message:
                book, time = (Decimal(message["b"]), Decimal(message["a"])), markets.venue.clock.now()
            else:
                return
        if candle is not None:
            on_candle(symbol, candle)
        tickers.news(symbol, price, book, time)


class _Tickers:
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
