"""/v5/public/spot: what everybody may hear."""

import asyncio
from collections import defaultdict
from typing import Any

import orjson
from aiohttp import web

from exchanges.simulator.binance.socket import Socket
from exchanges.simulator.bybit import messages
from exchanges.simulator.bybit.operations import read_operation, said
from exchanges.simulator.events import CandleClosed, Event, Traded
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.venue import Venue

TICK_SECONDS = 0.1
SLOW = 10  # ticks
KINDS = (
    "tickers",
    "publicTrade",
    "kline.1",
    "orderbook.1",
    "orderbook.50",
    "orderbook.200",
    "orderbook.1000",
)
MAX_TOPICS = 10  # in one request


class Public:
    def __init__(self, exchange: Exchange, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults
        self._readers: dict[str, set[Socket]] = defaultdict(set)
        self._books: dict[str, messages.Book] = {}
        exchange.listen(self._on_event)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v5/public/spot", self._serve)]

    async def run(self) -> None:
        """Sends what goes by the clock."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            ticks += 1
            for topic in list(self._readers):
                if topic.startswith("orderbook"):
                    self._tell(topic, self._books[topic].change(self._exchange.clock()))
                elif ticks % SLOW == 0 and not topic.startswith("publicTrade"):
                    self._tell(topic, self._first(topic))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = Socket(self._faults, self._exchange.name)
        try:
            return await socket.serve(request, lambda text: self._on_text(socket, text))
        finally:
            for topic in list(self._readers):
                self._leave(topic, socket)

    def _on_text(self, socket: Socket, text: str) -> None:
        operation, topics, given = read_operation(text)
        if operation == "ping":
            socket.send(said(True, "pong", "ping", given))
        elif operation in ("subscribe", "unsubscribe"):
            self._change(socket, operation, topics, given)
        else:
            socket.send(said(False, "error:invalid op", operation, given))

    def _change(self, socket: Socket, operation: str, topics: list[Any], given: Any) -> None:
        unknown = [topic for topic in topics if not (isinstance(topic, str) and self._venue(topic))]
        if unknown:
            socket.send(said(False, f"error:handler not found,topic:{unknown[0]}", operation, given))
            return
        if len(topics) > MAX_TOPICS:
            socket.send(said(False, f"args size >{MAX_TOPICS}", operation, given))
            return
        socket.send(said(True, operation if operation == "subscribe" else "", operation, given))
        for topic in topics:
            if operation == "subscribe":
                self._join(topic, socket)
            else:
                self._leave(topic, socket)

    def _join(self, topic: str, socket: Socket) -> None:
        self._readers[topic].add(socket)
        if (first := self._first(topic)) is not None:
            socket.events.tell(orjson.dumps(first))

    def _leave(self, topic: str, socket: Socket) -> None:
        self._readers[topic].discard(socket)
        if not self._readers[topic]:
            del self._readers[topic]
            self._books.pop(topic, None)

    def _venue(self, topic: str) -> Venue | None:
        kind, _, symbol = topic.rpartition(".")
        return self._exchange.venues.get(symbol) if kind in KINDS else None

    def _first(self, topic: str) -> dict[str, Any] | None:
        """What a new reader is told at once."""
        venue, now = self._venue(topic), self._exchange.clock()
        if venue is None or topic.startswith("publicTrade"):
            return None
        if topic.startswith("tickers"):
            return messages.ticker(topic, venue, now)
        if topic.startswith("kline"):
            return messages.kline(topic, venue.candles.forming, now, closed=False)
        depth = int(topic.split(".")[1])
        return self._books.setdefault(topic, messages.Book(topic, venue, depth)).snapshot(now)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Traded):
            topic = f"publicTrade.{event.trade.symbol}"
            if topic in self._readers:
                self._tell(topic, messages.trade(event.trade, self._exchange.clock()))
        elif isinstance(event, CandleClosed):
            topic = f"kline.1.{event.symbol}"
            self._tell(topic, messages.kline(topic, event.candle, self._exchange.clock(), closed=True))

    def _tell(self, topic: str, message: dict[str, Any] | None) -> None:
        if message is None or topic not in self._readers:
            return
        frame = orjson.dumps(message)
        for socket in list(self._readers[topic]):
            socket.events.tell(frame)
