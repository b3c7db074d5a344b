"""From an HTTP request to an answer: journal, faults, limits, key, signature, endpoint."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from exchanges.simulator.accounts import Key
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.faults_http import About, serve
from exchanges.simulator.mexc import market_data, trading  # noqa: F401 - they fill the table
from exchanges.simulator.mexc.auth import authenticate
from exchanges.simulator.mexc.endpoint import ENDPOINTS, Call, Endpoint
from exchanges.simulator.mexc.errors import translated
from exchanges.simulator.mexc.ids import order_number
from exchanges.simulator.mexc.limits import Limits
from exchanges.simulator.received import Received, receive

WITHDRAWAL = frozenset({"key_withdraw"})


@dataclass(frozen=True, slots=True)
class Asked:
    request: web.Request
    endpoint: Endpoint
    payload: str
    parameters: dict[str, str]
    received: Received

    @property
    def api_key(self) -> str | None:
        return self.request.headers.get("X-MEXC-APIKEY")


class Rest:
    def __init__(self, exchange: Exchange, limits: Limits, faults: Faults) -> None:
        self._exchange = exchange
        self._limits = limits
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        return [web.route(method, path, self.handle) for method, path in ENDPOINTS]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        found = ENDPOINTS[request.method, request.path]
        query, body = request.raw_path.partition("?")[2], (await request.read()).decode(errors="replace")
        parameters = dict(parse_qsl(f"{query}&{body}", keep_blank_values=True))
        shown = {name: value for name, value in parameters.items() if name != "signature"}
        api_key = request.headers.get("X-MEXC-APIKEY")
        received = receive(self._exchange, request, api_key, shown, kept=found.is_write)
        asked = Asked(request, found, _unsigned(query) + _unsigned(body), parameters, received)
        return await serve(
            self._faults,
            request,
            exchange=self._exchange.name,
            api_key=api_key,
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
        headers: dict[str, str] = {}
        try:
            address, name = asked.request.remote or "", f"{asked.request.method} {asked.request.path}"
            self._limits.use(address, name, asked.endpoint.weight, self._exchange.clock())
            key = self._key(asked)
            content, status = asked.endpoint.answer(Call(self._exchange, asked.parameters, key)), 200
        except Refused as problem:
            refused = translated(problem, asked.parameters.get("side", ""))
            content, status = {"code": refused.code, "msg": refused.message, "_extend": None}, refused.status
            if refused.retry_after:
                headers["Retry-After"] = str(refused.retry_after)
        answer = orjson.dumps(content)
        asked.received.answered(status, answer)
        return web.Response(body=answer, status=status, content_type="application/json", headers=headers)

    def _key(self, asked: Asked) -> Key | None:
        if asked.endpoint.part == "market":
            return None
        if asked.request.method != "GET" and asked.request.content_type != "application/json":
            raise Refused(700013, "Invalid content Type.")
        key = authenticate(self._exchange, asked.api_key or "", asked.parameters, asked.payload)
        if asked.endpoint.is_write and not key.can_trade:
            raise Refused(700007, "No permission to access the endpoint.")
        if self._faults.draw(self._exchange.name, key.api_key, asked.endpoint.part, WITHDRAWAL):
            key = replace(key, can_withdraw=True)
        return key

    def _about(self, asked: Asked) -> About:
        given = asked.parameters
        client_id = given.get("newClientOrderId" if asked.endpoint.part == "create" else "origClientOrderId")
        return About(
            self._exchange, given.get("symbol", ""), order_number(given.get("orderId", "")), client_id
        )


def _unsigned(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))
