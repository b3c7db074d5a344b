"""From an HTTP request to an answer: limits, key, signature, endpoint."""

from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from exchanges.simulator.accounts import Key
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.faults_http import About
from exchanges.simulator.mexc import market_data, trading  # noqa: F401 - they fill the table
from exchanges.simulator.mexc.auth import authenticate
from exchanges.simulator.mexc.endpoint import ENDPOINTS, Call, Endpoint
from exchanges.simulator.mexc.errors import translated
from exchanges.simulator.mexc.ids import order_number
from exchanges.simulator.mexc.limits import Limits
from exchanges.simulator.rest import Asked, Parameters, RestWire


class Rest(RestWire[Endpoint]):
    key_header = "X-MEXC-APIKEY"

    def __init__(self, exchange: Exchange, limits: Limits, faults: Faults) -> None:
        super().__init__(exchange, faults, ENDPOINTS)
        self._limits = limits

    def read(self, request: web.Request, body: str) -> Parameters:
        query = request.raw_path.partition("?")[2]
        return dict(parse_qsl(f"{query}&{body}", keep_blank_values=True))

    def about(self, found: Endpoint, given: Parameters) -> About:
        client_id = given.get("newClientOrderId" if found.part == "create" else "origClientOrderId")
        return About(
            self.exchange, given.get("symbol", ""), order_number(given.get("orderId", "")), client_id
        )

    def answer(self, asked: Asked[Endpoint]) -> web.Response:
        headers: dict[str, str] = {}
        given = asked.parameters or {}
        try:
            name = f"{asked.request.method} {asked.request.path}"
            self._limits.use(asked.address, name, asked.endpoint.weight, self.exchange.clock())
            key = self._key(asked, given)
            content, status = asked.endpoint.answer(Call(self.exchange, given, key)), 200
        except Refused as problem:
            refused = translated(problem, given.get("side", ""))
            content, status = {"code": refused.code, "msg": refused.message, "_extend": None}, refused.status
            if refused.retry_after:
                headers["Retry-After"] = str(refused.retry_after)
        body = orjson.dumps(content)
        return web.Response(body=body, status=status, content_type="application/json", headers=headers)

    def _key(self, asked: Asked[Endpoint], given: Parameters) -> Key | None:
        if asked.endpoint.part == "market":
            return None
        if asked.request.method != "GET" and asked.request.content_type != "application/json":
            raise Refused(700013, "Invalid content Type.")
        signed = _unsigned(asked.query) + _unsigned(asked.body)
        key = authenticate(self.exchange, asked.api_key or "", given, signed)
        if asked.endpoint.is_write and not key.can_trade:
            raise Refused(700007, "No permission to access the endpoint.")
        return self.as_struck(key, asked.endpoint.part)


def _unsigned(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))
