"""/ws-api/v3: the WebSocket API, of which we speak what carries an account's own events."""

from collections import defaultdict
from itertools import count
from typing import Any

import orjson
from aiohttp import web

from exchanges.simulator.binance import messages
from exchanges.simulator.binance.auth import Signed, authenticate
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.binance.socket import Socket
from exchanges.simulator.errors import Refused, bad_key
from exchanges.simulator.events import BalanceChanged, Event, OrderChanged
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults

REVOKED = frozenset({"key_revoked"})
Subscriptions = dict[int, set[tuple[Socket, int]]]


class UserData:
    def __init__(self, exchange: Exchange, limits: Limits, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults
        self._limits = limits
        self._readers: Subscriptions = defaultdict(set)  # uid: (socket, subscription id)
        self._ids = count()
        exchange.listen(self._on_event)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/ws-api/v3", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket, address = Socket(self._faults, self._exchange.name), request.remote or ""
        try:
            return await socket.serve(request, lambda text: self._on_text(socket, address, text))
        finally:
            self._leave(socket)

    def _on_text(self, socket: Socket, address: str, text: str) -> None:
        number: Any = None
        try:
            message = orjson.loads(text)
            number = message.get("id")
            result = self._answer(socket, address, str(message["method"]), message.get("params") or {})
            answer = {"id": number, "status": 200, "result": result}
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
            answer = _refusal(number, Refused(-1000, "Malformed request."))
        except Refused as refused:
            answer = _refusal(number, refused)
        socket.send(orjson.dumps(answer))

    def _answer(
        self, socket: Socket, address: str, method: str, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        now = self._exchange.clock()
        self._limits.use_weight(address, 2, now)
        if method == "ping":
            return {}
        if method == "time":
            return {"serverTime": now}
        if method == "userDataStream.subscribe.signature":
            return {"subscriptionId": self._subscribe(socket, parameters)}
        if method == "userDataStream.unsubscribe":
            self._leave(socket, parameters.get("subscriptionId"))
            return {}
        raise Refused(-1000, f"Unknown method '{method}'.")

    def _subscribe(self, socket: Socket, parameters: dict[str, Any]) -> int:
        texts = {name: str(value) for name, value in parameters.items()}
        # What is signed: all parameters but the signature, in alphabetical order, not percent-encoded.
        payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts) if name != "signature")
        signed = Signed(payload, texts.get("signature"))
        key = authenticate(self._exchange, texts.get("apiKey"), texts, signed)
        if self._faults.draw(self._exchange.name, key.api_key, "stream", REVOKED):
            raise bad_key()
        socket.events.api_key = key.api_key
        number = next(self._ids)
        self._readers[key.uid].add((socket, number))
        return number

    def _leave(self, socket: Socket, number: int | None = None) -> None:
        for uid in list(self._readers):
            gone = {
                reader for reader in self._readers[uid] if reader[0] is socket and number in (None, reader[1])
            }
            self._readers[uid] -= gone
            if not self._readers[uid]:
                del self._readers[uid]

    def _on_event(self, event: Event) -> None:
        now = self._exchange.clock()
        if isinstance(event, OrderChanged):
            self._send(event.order.uid, messages.execution_report(event, now))
        elif isinstance(event, BalanceChanged):
            self._send(event.uid, messages.account_position(event, now))

    def _send(self, uid: int, event: dict[str, Any]) -> None:
        for socket, number in list(self._readers.get(uid, ())):
            socket.events.tell(orjson.dumps({"subscriptionId": number, "event": event}))


def _refusal(number: Any, refused: Refused) -> dict[str, Any]:
    error = {"code": refused.code, "msg": refused.message}
    return {"id": number, "status": refused.status, "error": error}
