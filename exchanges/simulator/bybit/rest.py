"""From an HTTP request to an answer: journal, faults, limits, key, signature, endpoint."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from exchanges.simulator.accounts import Key
from exchanges.simulator.bybit import market_data, trading  # noqa: F401 - they fill the table
from exchanges.simulator.bybit.auth import authenticate
from exchanges.simulator.bybit.endpoint import ENDPOINTS, Call, Endpoint
from exchanges.simulator.bybit.errors import bad_parameter, refusal, translated
from exchanges.simulator.bybit.ids import order_number
from exchanges.simulator.bybit.limits import Limits
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.faults_http import About, serve
from exchanges.simulator.received import Received, receive

WITHDRAWAL = frozenset({"key_withdraw"})


@dataclass(frozen=True, slots=True)
class Asked:
    request: web.Request
    endpoint: Endpoint
    payload: str
    parameters: dict[str, str] | None  # None: a body that is no JSON object
    received: Received

    @property
    def api_key(self) -> str | None:
        return self.request.headers.get("X-BAPI-API-KEY")


class Rest:
    def __init__(self, exchange: Exchange, limits: Limits, faults: Faults) -> None:
        self._exchange = exchange
        self._limits = limits
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        return [web.route(method, path, self.handle) for method, path in ENDPOINTS]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        found = ENDPOINTS[request.method, request.path]
        body = (await request.read()).decode(errors="replace")
        payload = body if request.method == "POST" else request.raw_path.partition("?")[2]
        parameters = _parameters(request.method, payload)
        api_key = request.headers.get("X-BAPI-API-KEY")
        received = receive(self._exchange, request, api_key, parameters or {}, kept=found.is_write)
        asked = Asked(request, found, payload, parameters, received)
        return await serve(
            self._faults,
            request,
            exchange=self._exchange.name,
            api_key=asked.api_key,
            endpoint=found.part,
            answer=self._answerer(asked),
            about=self._about(asked),
            note=received.note,
        )

    def _answerer(self, asked: Asked) -> Callable[[], Awaitable[web.Response]]:
        async def answer() -> web.Response:
            return self._answer(asked)

        return answer

    def _answer(self, asked: Asked) -> web.Response:
        key: Key | None = None
        try:
            self._limits.use_request(asked.request.remote or "", self._exchange.clock())
            key = self._key(asked)
            if asked.parameters is None:
                raise bad_parameter("request body is not JSON")
            if asked.endpoint.is_write and key is not None:
                self._limits.use_order(key.uid, asked.endpoint.part, self._exchange.clock())
            result = asked.endpoint.answer(Call(self._exchange, asked.parameters, key))
            content, status = self._content(0, "OK", result), 200
        except Refused as problem:
            refused = translated(problem)
            content, status = self._content(refused.code, refused.message, {}), refused.status
        answer = orjson.dumps(content)
        asked.received.answered(status, answer)
        headers = {}
        if key is not None and asked.endpoint.is_write:
            headers = self._limits.headers(key.uid, asked.endpoint.part, self._exchange.clock())
        return web.Response(body=answer, status=status, content_type="application/json", headers=headers)

    def _content(self, code: int, text: str, result: Any) -> dict[str, Any]:
        return {
            "retCode": code,
            "retMsg": text,
            "result": result,
            "retExtInfo": {},
            "time": self._exchange.clock(),
        }

    def _key(self, asked: Asked) -> Key | None:
        if asked.endpoint.part == "market":
            return None
        key = authenticate(self._exchange, asked.request.headers, asked.payload)
        if asked.endpoint.is_write and not key.can_trade:
            raise refusal(10005, "Permission denied, please check your API key permissions.")
        if self._faults.draw(self._exchange.name, key.api_key, asked.endpoint.part, WITHDRAWAL):
            key = replace(key, can_withdraw=True)
        return key

    def _about(self, asked: Asked) -> About:
        given = asked.parameters or {}
        number = order_number(given.get("orderId", ""))
        return About(self._exchange, given.get("symbol", ""), number, given.get("orderLinkId"))


def _parameters(method: str, payload: str) -> dict[str, str] | None:
    if method != "POST":
        return dict(parse_qsl(payload, keep_blank_values=True))
    try:
        body = orjson.loads(payload or "{}")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict):
        return None
    return {name: _text(value) for name, value in body.items() if value is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
