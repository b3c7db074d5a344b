"""From an HTTP request to an answer: journal, faults, weight, key, signature, endpoint."""

from dataclasses import dataclass, replace
from typing import Any

import orjson
from aiohttp import web

from exchanges.simulator.accounts import Key
from exchanges.simulator.binance import market_data, trading  # noqa: F401 - they fill the table
from exchanges.simulator.binance.auth import Signed, authenticate, parse
from exchanges.simulator.binance.endpoint import ENDPOINTS, Access, Call, Endpoint
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.errors import Refused, bad_key
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.faults_answers import Answer
from exchanges.simulator.faults_http import About, serve
from exchanges.simulator.journal.requests import OrderRequest

WITHDRAWAL = frozenset({"key_withdraw"})


@dataclass(frozen=True, slots=True)
class Asked:
    request: web.Request
    endpoint: Endpoint
    parameters: dict[str, str]
    signed: Signed
    number: int | None  # in the journal, for what is about an order

    @property
    def api_key(self) -> str | None:
        return self.request.headers.get("X-MBX-APIKEY")

    @property
    def is_new_order(self) -> bool:
        return self.endpoint.part == "create"


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
        parameters, signed = parse(query, body)
        number = self._receive(request, parameters) if found.access is Access.TRADE else None
        asked = Asked(request, found, parameters, signed, number)

        async def answer() -> web.Response:
            return self._answer(asked)

        def note(kind: str, instead: Answer | None) -> None:
            self._note(asked, kind, instead)

        return await serve(
            self._faults,
            request,
            exchange=self._exchange.name,
            api_key=asked.api_key,
            endpoint=found.part,
            answer=answer,
            about=self._about(asked),
            note=note,
        )

    def _answer(self, asked: Asked) -> web.Response:
        key: Key | None = None
        headers: dict[str, str] = {}
        try:
            weight = asked.endpoint.weigh(asked.parameters)
            self._limits.use_weight(asked.request.remote or "", weight, self._exchange.clock())
            key = self._key(asked)
            content = asked.endpoint.answer(Call(self._exchange, self._limits, asked.parameters, key))
            status = 200
        except Refused as refused:
            content, status = {"code": refused.code, "msg": refused.message}, refused.status
            if refused.retry_after:
                headers["Retry-After"] = str(refused.retry_after)
        answer = orjson.dumps(content)
        self._remember(asked, status, answer)
        headers |= self._usage(asked, key)
        return web.Response(body=answer, status=status, content_type="application/json", headers=headers)

    def _key(self, asked: Asked) -> Key | None:
        if asked.endpoint.access is Access.ANYONE:
            return None
        key = authenticate(self._exchange, asked.api_key, asked.parameters, asked.signed)
        if asked.endpoint.access is Access.TRADE and not key.can_trade:
            raise bad_key()
        if self._faults.draw(self._exchange.name, key.api_key, asked.endpoint.part, WITHDRAWAL):
            key = replace(key, can_withdraw=True)
        return key

    def _about(self, asked: Asked) -> About:
        given = asked.parameters
        order_id = given.get("orderId", "")
        client_id = given.get("newClientOrderId" if asked.is_new_order else "origClientOrderId")
        number = int(order_id) if order_id.isdecimal() else None
        return About(self._exchange, given.get("symbol", ""), number, client_id)

    # -- journal ---------------------------------------------------------------------------------------------------

    def _receive(self, request: web.Request, parameters: dict[str, str]) -> int:
        received = OrderRequest(
            time=self._exchange.clock(),
            api_key=request.headers.get("X-MBX-APIKEY", ""),
            method=request.method,
            path=request.path,
            parameters={name: value for name, value in parameters.items() if name != "signature"},
        )
        number = self._exchange.journal.requests.receive(received)
        self._exchange.journal.commit()
        return number

    def _note(self, asked: Asked, kind: str, instead: Answer | None) -> None:
        if asked.number is not None:
            self._exchange.journal.requests.struck(asked.number, kind)
            self._exchange.journal.commit()
            if instead is not None:
                self._remember(asked, instead.status, orjson.dumps(instead.body))

    def _remember(self, asked: Asked, status: int, answer: bytes) -> None:
        if asked.number is not None:
            self._exchange.journal.requests.answered(asked.number, status, answer.decode())
            self._exchange.journal.commit()

    def _usage(self, asked: Asked, key: Key | None) -> dict[str, Any]:
        now = self._exchange.clock()
        used = str(self._limits.weight_used(asked.request.remote or "", now))
        headers = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if key is not None and asked.is_new_order:
            short, long = self._limits.orders_used(key.uid, now)
            headers |= {"X-MBX-ORDER-COUNT-10S": str(short), "X-MBX-ORDER-COUNT-1D": str(long)}
        return headers
