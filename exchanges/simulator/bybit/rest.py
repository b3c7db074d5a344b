"""From an HTTP request to an answer: limits, key, signature, endpoint."""

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
from exchanges.simulator.faults_http import About
from exchanges.simulator.rest import Asked, Parameters, RestWire


class Rest(RestWire[Endpoint]):
    key_header = "X-BAPI-API-KEY"

    def __init__(self, exchange: Exchange, limits: Limits, faults: Faults) -> None:
        super().__init__(exchange, faults, ENDPOINTS)
        self._limits = limits

    def read(self, request: web.Request, body: str) -> Parameters | None:
        if request.method != "POST":
            return dict(parse_qsl(request.raw_path.partition("?")[2], keep_blank_values=True))
        try:
            given = orjson.loads(body or "{}")
        except orjson.JSONDecodeError:
            return None
        if not isinstance(given, dict):
            return None
        return {name: _text(value) for name, value in given.items() if value is not None}

    def about(self, found: Endpoint, given: Parameters) -> About:
        number = order_number(given.get("orderId", ""))
        return About(self.exchange, given.get("symbol", ""), number, given.get("orderLinkId"))

    def part_of(self, found: Endpoint, given: Parameters) -> str:
        """Bybit looks an order up in its lists."""
        if found.part not in ("query", "open_orders"):
            return found.part
        return "query" if given.get("orderId") or given.get("orderLinkId") else "open_orders"

    def answer(self, asked: Asked[Endpoint]) -> web.Response:
        key: Key | None = None
        now = self.exchange.clock()
        try:
            self._limits.use_request(asked.address, now)
            key = self._key(asked)
            if asked.parameters is None:
                raise bad_parameter("request body is not JSON")
            if asked.endpoint.is_write and key is not None:
                self._limits.use_order(key.uid, asked.endpoint.part, now)
            result = asked.endpoint.answer(Call(self.exchange, asked.parameters, key))
            content, status = self._content(0, "OK", result), 200
        except Refused as problem:
            refused = translated(problem)
            content, status = self._content(refused.code, refused.message, {}), refused.status
        headers = {}
        if key is not None and asked.endpoint.is_write:
            headers = self._limits.headers(key.uid, asked.endpoint.part, now)
        body = orjson.dumps(content)
        return web.Response(body=body, status=status, content_type="application/json", headers=headers)

    def _content(self, code: int, text: str, result: Any) -> dict[str, Any]:
        now = self.exchange.clock()
        return {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": now}

    def _key(self, asked: Asked[Endpoint]) -> Key | None:
        if asked.endpoint.part == "market":
            return None
        payload = asked.body if asked.request.method == "POST" else asked.query
        key = authenticate(self.exchange, asked.request.headers, payload)
        if asked.endpoint.is_write and not key.can_trade:
            raise refusal(10005, "Permission denied, please check your API key permissions.")
        return self.as_struck(key, asked.endpoint.part)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
