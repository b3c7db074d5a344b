"""Public streams: /ws, where a client subscribes to `btcusdt@trade` and its like, and /stream, which wraps each message
with the stream's name."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from exchanges.simulator.binance import messages
from exchanges.simulator.binance.socket import Socket
from exchanges.simulator.events import BookRead, CandleClosed, Event, Traded
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.venue import Venue

Json = dict[str, Any]
TICK_SECONDS = 0.1
TIMED: dict[str, int] = {  # streams sent by the clock, every so many ticks
    "miniTicker": 10,
    "ticker": 10,
    "kline_1m": 10,
    "bookTicker": 1,
    "depth": 10,
    "depth@100ms": 1,
}
INSTANT = ("trade", "aggTrade")
MAX_STREAMS = 1_024


class Streams:
    def __init__(self, exchange: Exchange, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults
        self._readers: dict[str, dict[Socket, bool]] = defaultdict(
            dict
        )  # stream: reader, does it want the wrapping?
        self._depth: dict[str, messages.BookDiff] = {}
        self._touch: dict[str, Json] = {}
        self._ticks = 0
        exchange.listen(self._on_event)

    def routes(self) -> list[web.RouteDef]:
        paths = ("/ws", "/ws/{names:.*}", "/stream")
        return [web.get(path, self._serve) for path in paths]

    async def run(self) -> None:
        """Sends what goes by the clock."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._ticks += 1
            for name, every in TIMED.items():
                if self._ticks % every == 0:
                    self._send_timed(name)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket, wrapped = Socket(self._faults, self._exchange.name), request.path == "/stream"
        names = request.query.get("streams", "") if wrapped else request.match_info.get("names", "")
        # ccxt numbers its connections /ws/0, /ws/1 and so on, where others name streams
        for name in names.split("/"):
            if self._exists(name):
                self._join(name, socket, wrapped)
        try:
            return await socket.serve(request, lambda text: self._on_text(socket, wrapped, text))
        finally:
            for name in [name for name, readers in self._readers.items() if socket in readers]:
                self._leave(name, socket)

    def _on_text(self, socket: Socket, wrapped: bool, text: str) -> None:
        try:
            message = orjson.loads(text)
            method, names, number = message["method"], message.get("params") or [], message.get("id")
        except (orjson.JSONDecodeError, KeyError, TypeError):
            socket.send(_error(None, 2, "Invalid request: unparsable"))
            return
        if method == "LIST_SUBSCRIPTIONS":
            result: Any = [name for name, readers in self._readers.items() if socket in readers]
        elif method in ("SUBSCRIBE", "UNSUBSCRIBE") and all(map(self._exists, names)):
            result = None
            for name in names:
                if method == "SUBSCRIBE":
                    self._join(name, socket, wrapped)
                else:
                    self._leave(name, socket)
        else:
            socket.send(_error(number, 2, "Invalid request: invalid stream"))
            return
        socket.send(orjson.dumps({"result": result, "id": number}))

    def _join(self, name: str, socket: Socket, wrapped: bool) -> None:
        self._readers[name][socket] = wrapped
        if "@depth" in name and name not in self._depth:
            self._depth[name] = messages.BookDiff(self._venue(name))

    def _venue(self, name: str) -> Venue:
        return self._exchange.venues[name.partition("@")[0].upper()]

    def _leave(self, name: str, socket: Socket) -> None:
        readers = self._readers[name]
        readers.pop(socket, None)
        if not readers:
            del self._readers[name]
            self._depth.pop(name, None)

    def _exists(self, name: Any) -> bool:
        symbol, _, kind = str(name).partition("@")
        return symbol.upper() in self._exchange.venues and (kind in TIMED or kind in INSTANT)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Traded):
            trade, now = event.trade, self._exchange.clock()
            self._send(trade.symbol, "trade", lambda: messages.trade(trade, now))
            self._send(trade.symbol, "aggTrade", lambda: messages.agg_trade(trade, now))
        elif isinstance(event, BookRead):
            for kind in ("depth", "depth@100ms"):
                name = f"{event.symbol.lower()}@{kind}"
                if name in self._depth:
                    self._send_one(name, kind)
        elif isinstance(event, CandleClosed):
            now, candle = self._exchange.clock(), event.candle
            self._send(
                event.symbol, "kline_1m", lambda: messages.kline(event.symbol, candle, now, closed=True)
            )

    def _send_timed(self, kind: str) -> None:
        for name in [name for name in self._readers if name.partition("@")[2] == kind]:
            self._send_one(name, kind)

    def _send_one(self, name: str, kind: str) -> None:
        message = self._timed_message(name, kind, self._venue(name))
        if message is not None:
            self._deliver(name, message)

    def _timed_message(self, name: str, kind: str, venue: Venue) -> Json | None:
        now = self._exchange.clock()
        if kind == "kline_1m":
            return messages.kline(venue.rules.symbol, venue.candles.forming, now, closed=False)
        if kind == "miniTicker":
            return messages.mini_ticker(venue, now)
        if kind == "ticker":
            return messages.day_ticker(venue, now)
        if kind == "bookTicker":
            message = messages.book_ticker(venue)
            changed = {**message, "u": 0} != {**self._touch.get(name, {}), "u": 0}
            self._touch[name] = message
            return message if changed else None
        return self._depth[name].message(now)

    def _send(self, symbol: str, kind: str, make: Callable[[], Json]) -> None:
        name = f"{symbol.lower()}@{kind}"
        if name in self._readers:
            self._deliver(name, make())

    def _deliver(self, name: str, message: Json) -> None:
        readers = self._readers[name]
        plain = orjson.dumps(message)
        wrapped = orjson.dumps({"stream": name, "data": message}) if any(readers.values()) else b""
        for socket, wants_wrapping in list(readers.items()):
            socket.events.tell(wrapped if wants_wrapping else plain)


def _error(number: Any, code: int, text: str) -> bytes:
    return orjson.dumps({"error": {"code": code, "msg": text}, "id": number})
