"""From an HTTP request to an answer: limits, key, signature, endpoint."""

from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from exchanges.simulator.accounts import Key
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.faults_http import About
from exchanges.simulator.okx import market_data, trading  # noqa: F401 - they fill the table
from exchanges.simulator.okx.auth import authenticate
from exchanges.simulator.okx.endpoint import ENDPOINTS, Call, Endpoint
from exchanges.simulator.okx.errors import refusal, translated
from exchanges.simulator.okx.ids import SYMBOLS, order_number
from exchanges.simulator.okx.limits import Limits
from exchanges.simulator.rest import Asked, Parameters, RestWire

OF_THE_REQUEST = range(50_000, 51_000)  # codes that stand at the top, not with an order


class Rest(RestWire[Endpoint]):
    key_header = "OK-ACCESS-KEY"

    def __init__(self, exchange: Exchange, limits: Limits, faults: Faults) -> None:
        super().__init__(exchange, faults, ENDPOINTS)
        self._limits = limits
        self._passphrases: dict[str, str] = {}  # of a key: the one first used with it

    def read(self, request: web.Request, body: str) -> Parameters | None:
        if request.method != "POST":
            return dict(parse_qsl(request.raw_path.partition("?")[2], keep_blank_values=True))
        try:
            given = orjson.loads(body or "{}")
        except orjson.JSONDecodeError:
            return None
        if isinstance(given, list) and len(given) == 1:
            (given,) = given
        if not isinstance(given, dict):
            return None
        return {name: _text(value) for name, value in given.items() if value is not None}

    def about(self, found: Endpoint, given: Parameters) -> About:
        symbol, number = SYMBOLS.get(given.get("instId", ""), ""), order_number(given.get("ordId", ""))
        return About(self.exchange, symbol, number, given.get("clOrdId"))

    def answer(self, asked: Asked[Endpoint]) -> web.Response:
        try:
            key = self._key(asked)
            if asked.parameters is None:
                raise refusal(50002, "JSON syntax error")
            if asked.endpoint.is_write and key is not None:
                self._limits.use_order(key.uid, asked.endpoint.part, self.exchange.clock())
            data = asked.endpoint.answer(Call(self.exchange, asked.parameters, key))
            content, status = _content(0, "", data), 200
        except Refused as problem:
            refused = translated(problem)
            content, status = _refused(asked, refused), refused.status
        return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")

    def _key(self, asked: Asked[Endpoint]) -> Key | None:
        if asked.endpoint.part == "market":
            return None
        signed = asked.request.method + asked.request.raw_path + asked.body
        headers = asked.request.headers
        if headers.get("x-simulated-trading") == "1":
            raise Refused(50101, "The simulated OKX has no demo trading: add the key as a live one.", 401)
        key = authenticate(self.exchange, headers, signed)
        phrase = headers["OK-ACCESS-PASSPHRASE"]
        if self._passphrases.setdefault(key.api_key, phrase) != phrase:
            raise Refused(50105, 'Request header "OK-ACCESS-PASSPHRASE" incorrect', 401)
        self._check_deadline(asked)
        if asked.endpoint.is_write and not key.can_trade:
            raise Refused(50120, "API key doesn't have permission to use this function", 401)
        return self.as_struck(key, asked.endpoint.part)

    def _check_deadline(self, asked: Asked[Endpoint]) -> None:
        deadline = asked.request.headers.get("expTime", "")
        if asked.endpoint.is_write and deadline.isdecimal() and int(deadline) < self.exchange.clock():
            raise refusal(51149, "Order timed out. Please try again.")


def _refused(asked: Asked[Endpoint], refused: Refused) -> dict[str, Any]:
    """What is wrong with an order stands with the order."""
    if not asked.endpoint.is_write or refused.code in OF_THE_REQUEST:
        return _content(refused.code, refused.message, [])
    given = asked.parameters or {}
    failed = {
        "clOrdId": given.get("clOrdId", ""),
        "ordId": given.get("ordId", ""),
        "tag": "",
        "sCode": str(refused.code),
        "sMsg": refused.message,
    }
    return _content(1, "All operations failed", [failed])


def _content(code: int, text: str, data: list[Any]) -> dict[str, Any]:
    return {"code": str(code), "msg": text, "data": data}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
