"""From an HTTP request to an answer: weight, key, signature, endpoint, journal."""

from typing import Any

import orjson
from aiohttp import web

from exchanges.simulator.accounts import Key
from exchanges.simulator.binance import market_data, trading  # noqa: F401 - they fill the table
from exchanges.simulator.binance.auth import authenticate, parse
from exchanges.simulator.binance.endpoint import ENDPOINTS, Access, Call, Endpoint
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.errors import Refused, bad_key
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.journal.requests import OrderRequest


class Rest:
    def __init__(self, exchange: Exchange, limits: Limits) -> None:
        self._exchange = exchange
        self._limits = limits

    def routes(self) -> list[web.RouteDef]:
        return [web.route(method, path, self.handle) for method, path in ENDPOINTS]

    async def handle(self, request: web.Request) -> web.Response:
        found = ENDPOINTS[request.method, request.path]
        query, body = request.raw_path.partition("?")[2], (await request.read()).decode(errors="replace")
        parameters, signed = parse(query, body)
        key: Key | None = None
        headers: dict[str, str] = {}
        try:
            now = self._exchange.clock()
            self._limits.use_weight(request.remote or "", found.weigh(parameters), now)
            if found.access is not Access.ANYONE:
                key = authenticate(self._exchange, request.headers.get("X-MBX-APIKEY"), parameters, signed)
                self._check_permission(found, key)
            content, status = found.answer(Call(self._exchange, self._limits, parameters, key)), 200
        except Refused as refused:
            content, status = {"code": refused.code, "msg": refused.message}, refused.status
            if refused.retry_after:
                headers["Retry-After"] = str(refused.retry_after)
        answer = orjson.dumps(content)
        if found.access is Access.TRADE:
            self._remember(request, parameters, status, answer)
        headers |= self._usage(request, found, key)
        return web.Response(body=answer, status=status, content_type="application/json", headers=headers)

    @staticmethod
    def _check_permission(found: Endpoint, key: Key) -> None:
        if found.access is Access.TRADE and not key.can_trade:
            raise bad_key()

    def _remember(self, request: web.Request, parameters: dict[str, str], status: int, answer: bytes) -> None:
        shown = {name: value for name, value in parameters.items() if name != "signature"}
        received = OrderRequest(
            time=self._exchange.clock(),
            api_key=request.headers.get("X-MBX-APIKEY", ""),
            method=request.method,
            path=request.path,
            parameters=shown,
            status=status,
            answer=answer.decode(),
        )
        self._exchange.journal.requests.save(received)
        self._exchange.journal.commit()

    def _usage(self, request: web.Request, found: Endpoint, key: Key | None) -> dict[str, Any]:
        now = self._exchange.clock()
        used = str(self._limits.weight_used(request.remote or "", now))
        headers = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if key is not None and (request.method, request.path) == ("POST", "/api/v3/order"):
            short, long = self._limits.orders_used(key.uid, now)
            headers |= {"X-MBX-ORDER-COUNT-10S": str(short), "X-MBX-ORDER-COUNT-1D": str(long)}
        return headers
