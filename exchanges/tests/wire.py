"""A server on the exchange's own host names that says exactly what a test tells it to."""

import asyncio
import json
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from exchanges.simulator.certificates import ensure_certificates

FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
    {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
]
EXCHANGE_INFO = {
    "rateLimits": [],
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "isSpotTradingAllowed": True,
            "filters": FILTERS,
        }
    ],
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Wire:
    """`answers` by (method, path); `seen` is every request with its parameters, in order of arrival."""

    transport: dict[str, Any]
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = request.query_string + "&" + await request.text()
        self.seen.append((request.method, request.path, dict(parse_qsl(raw))))
        self.news.set()
        answer = self.answers.get((request.method, request.path))
        if answer is None:
            return web.json_response({"code": -1000, "msg": "no answer prepared"}, status=500)
        return await answer(request)

    def on(self, method: str, path: str, answer: Answer) -> None:
        self.answers[method, path] = answer

    async def has_seen(self, method: str, path: str) -> None:
        async with asyncio.timeout(60):
            while not self.requests(method, path):
                self.news.clear()
                await self.news.wait()

    def requests(self, method: str, path: str) -> list[dict[str, str]]:
        return [parameters for *key, parameters in self.seen if key == [method, path]]


@asynccontextmanager
async def fake_wire() -> AsyncIterator[Wire]:
    with tempfile.TemporaryDirectory() as home:
        ca, certificate = ensure_certificates(Path(home))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        wire = Wire({})
        wire.on("GET", "/api/v3/time", server_time)
        wire.on("GET", "/api/v3/exchangeInfo", says(EXCHANGE_INFO))
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", wire.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        wire.transport |= {"host": "127.0.0.1", "port": runner.addresses[0][1], "ca": str(ca)}
        try:
            yield wire
        finally:
            await runner.cleanup()


async def server_time(_: web.Request) -> web.Response:
    return web.json_response({"serverTime": time.time_ns() // 1_000_000})


def says(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return answer


def says_text(text: str, status: int = 200, content_type: str = "text/html") -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type=content_type)

    return answer


async def drops(request: web.Request) -> web.StreamResponse:
    """Takes the request and breaks the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def truncates(body: Any) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        text = json.dumps(body).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(text)
        await response.prepare(request)
        await response.write(text[: len(text) // 2])
        await asyncio.sleep(0)
        return await drops(request)

    return answer


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


def in_turn(*answers: Answer) -> Answer:
    """Each once, the last for ever."""
    waiting = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(request)

    return answer
