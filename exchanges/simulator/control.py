"""The exchange's own view for people, tests and the demo: JSON under /control/, and a page that shows it. Loopback
only; who names another host (DNS rebinding) or comes from another site's page is refused."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from exchanges.simulator.accounts import FIRST_USER
from exchanges.simulator.binance import payloads
from exchanges.simulator.control_faults import FaultControl
from exchanges.simulator.control_http import body_of as _body
from exchanges.simulator.control_http import error as _error
from exchanges.simulator.control_http import json_answer as _json
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults

PAGE = Path(__file__).parent / "page"
HOSTS = {"127.0.0.1", "localhost"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Control:
    def __init__(self, exchange: Exchange, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_guard])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/control/market", self._market),
                web.get("/control/accounts", self._accounts),
                web.post("/control/accounts", self._create_account),
                web.get("/control/orders", self._orders),
                web.get("/control/trades", self._trades),
                web.get("/control/requests", self._requests),
                web.post("/control/price", self._set_price),
                web.static("/page", PAGE),
            ]
        )
        app.add_routes(FaultControl(self._faults).routes())
        return app

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _market(self, request: web.Request) -> web.Response:
        symbols = {symbol: {"price": f"{venue.price:f}"} for symbol, venue in self._exchange.venues.items()}
        return _json({"time": self._exchange.clock(), "symbols": symbols})

    async def _accounts(self, request: web.Request) -> web.Response:
        keys = [key for key in self._exchange.accounts.keys.values() if key.uid >= FIRST_USER]
        return _json([self._account(key.api_key, key.uid) for key in keys])

    async def _create_account(self, request: web.Request) -> web.Response:
        body = await _body(request)
        api_key, secret = body.get("api_key"), body.get("api_secret")
        if not (isinstance(api_key, str) and isinstance(secret, str) and api_key and secret):
            return _error("Send api_key and api_secret, both text.")
        if api_key in self._exchange.accounts.keys:
            return _error("This key has an account.", 409)
        key = self._exchange.create_account(api_key, secret)
        return _json(self._account(api_key, key.uid), 201)

    async def _orders(self, request: web.Request) -> web.Response:
        """All of them, or with `open=true` those on the book."""
        exchange = self._exchange
        find = exchange.open_orders if request.query.get("open") == "true" else exchange.journal.orders.of
        return _json([payloads.order_info(order) for uid in self._uids(request) for order in find(uid)])

    async def _trades(self, request: web.Request) -> web.Response:
        """All of them, or the newest `limit`."""
        limit = request.query.get("limit", "")[:9]
        found = [trade for uid in self._uids(request) for trade in self._exchange.journal.trades.of(uid)]
        return _json([payloads.my_trade(trade) for trade in found[-int(limit) if limit.isdecimal() else 0 :]])

    async def _requests(self, request: web.Request) -> web.Response:
        return _json(self._exchange.journal.requests.of(request.query.get("api_key", "")))

    async def _set_price(self, request: web.Request) -> web.Response:
        body = await _body(request)
        try:
            price = Decimal(str(body.get("price")))
            if not 0 < price < 10**6:
                raise InvalidOperation
            self._exchange.set_price(str(body.get("symbol")), price)
        except InvalidOperation:
            return _error("Send a price above 0 and below 1,000,000.")
        except Refused as refused:
            return _error(refused.message)
        return await self._market(request)

    def _account(self, api_key: str, uid: int) -> dict[str, Any]:
        funds = self._exchange.accounts.by_uid[uid].funds
        balances = {
            asset: {"free": f"{f.free:f}", "locked": f"{f.locked:f}"} for asset, f in sorted(funds.items())
        }
        return {"exchange": "binance", "api_key": api_key, "uid": uid, "balances": balances}

    def _uids(self, request: web.Request) -> list[int]:
        """Of the accounts that the query asks for."""
        if request.query.get("exchange", "binance") != "binance":
            return []
        keys = self._exchange.accounts.keys
        wanted = request.query.get("api_key")
        if wanted is not None:
            return [keys[wanted].uid] if wanted in keys else []
        return sorted({key.uid for key in keys.values()})


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page from elsewhere could otherwise read accounts or move prices through the visitor's browser."""
    if not _is_ours(request):
        return _error("Only for this machine.", 403)
    response = await handler(request)
    response.headers.update(HEADERS)
    return response


def _is_ours(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    try:
        return request.url.host in HOSTS and (origin is None or urlsplit(origin).netloc == request.host)
    except ValueError:  # no address at all
        return False
