"""/v5/private: an account's own orders, executions and balances."""

from collections import defaultdict
from dataclasses import replace
from secrets import token_hex
from typing import Any

import orjson
from aiohttp import web

from exchanges.simulator.accounts import Key
from exchanges.simulator.binance.socket import Socket
from exchanges.simulator.bybit import orders, payloads
from exchanges.simulator.bybit.auth import check_signature
from exchanges.simulator.bybit.errors import refusal, translated
from exchanges.simulator.bybit.operations import read_operation, said
from exchanges.simulator.errors import Refused
from exchanges.simulator.events import BalanceChanged, Event, OrderChanged
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults

REVOKED = frozenset({"key_revoked"})
TOPICS = {topic: topic for topic in ("order", "execution", "wallet")} | {
    "order.spot": "order",
    "execution.spot": "execution",
}
Json = dict[str, Any]


class Private:
    def __init__(self, exchange: Exchange, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults
        self._readers: dict[tuple[int, str], set[Socket]] = defaultdict(set)  # (uid, kind of event)
        self._keys: dict[Socket, Key] = {}
        exchange.listen(self._on_event)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v5/private", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = Socket(self._faults, self._exchange.name)
        try:
            return await socket.serve(request, lambda text: self._on_text(socket, text))
        finally:
            self._keys.pop(socket, None)
            for readers in self._readers.values():
                readers.discard(socket)

    def _on_text(self, socket: Socket, text: str) -> None:
        operation, arguments, given = read_operation(text)
        try:
            answer = self._answer(socket, operation, arguments, given)
        except Refused as refused:
            answer = said(False, translated(refused).message, operation, given)
        socket.send(answer)

    def _answer(self, socket: Socket, operation: str, arguments: list[Any], given: Any) -> bytes:
        match operation:
            case "ping":
                return orjson.dumps(_pong(self._exchange.clock(), given))
            case "auth":
                self._keys[socket] = self._authenticate(arguments)
                socket.events.api_key = self._keys[socket].api_key
                return said(True, "", operation, given)
            case "subscribe" | "unsubscribe":
                self._change(socket, operation, arguments)
                return said(True, "", operation, given)
        raise refusal(10001, "error:invalid op")

    def _authenticate(self, arguments: list[Any]) -> Key:
        if len(arguments) != 3:
            raise refusal(10001, "Params Error")
        api_key, expires, signature = map(str, arguments)
        if not (expires.isdecimal() and len(expires) < 17 and int(expires) > self._exchange.clock()):
            raise refusal(10002, "Request expired")
        check_signature(self._exchange, api_key, f"GET/realtime{expires}", signature)
        if self._faults.draw(self._exchange.name, api_key, "stream", REVOKED):
            raise refusal(10003, "API key is invalid.")
        return self._exchange.key(api_key)

    def _change(self, socket: Socket, operation: str, topics: list[Any]) -> None:
        key = self._keys.get(socket)
        if key is None:
            raise refusal(10003, "Request not authorized")
        if unknown := [topic for topic in topics if topic not in TOPICS]:
            raise refusal(10001, f"error:handler not found,topic:{unknown[0]}")
        for topic in topics:
            readers = self._readers[key.uid, TOPICS[topic]]
            readers.add(socket) if operation == "subscribe" else readers.discard(socket)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, OrderChanged):
            then = replace(
                event.order,
                update_time=event.time,
                status=event.status,
                executed=event.executed,
                quote=event.quote,
            )
            if (trade := event.trade) is not None:
                self._tell(then.uid, "execution", lambda: orders.execution(then, trade))
            self._tell(then.uid, "order", lambda: orders.order_info(self._exchange, then))
        elif isinstance(event, BalanceChanged):
            account = self._exchange.accounts.by_uid[event.uid]
            coins = set(event.balances)
            self._tell(event.uid, "wallet", lambda: payloads.wallet(self._exchange, account, coins))

    def _tell(self, uid: int, kind: str, make: Any) -> None:
        readers = self._readers.get((uid, kind))
        if not readers:
            return
        made: Json = {} if kind == "wallet" else {"category": "spot"}
        message = {"topic": kind, "id": token_hex(12), "creationTime": self._exchange.clock()}
        frame = orjson.dumps(message | {"data": [made | make()]})
        for socket in list(readers):
            socket.events.tell(frame)


def _pong(now: int, given: Any) -> Json:
    answer = {"op": "pong", "args": [str(now)], "conn_id": token_hex(10)}
    return answer if given is None else answer | {"req_id": given}
