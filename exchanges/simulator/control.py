"""The exchange's own view for people, tests and the demo: JSON under /control/, and a page that shows it. Loopback
only; who names another host (DNS rebinding) or comes from another site's page is refused."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from exchanges.simulator.accounts import Key
from exchanges.simulator.binance import payloads
from exchanges.simulator.control_faults import FaultControl
from exchanges.simulator.control_hands import HandControl
from exchanges.simulator.control_http import body_of as _body
from exchanges.simulator.control_http import error as _error
from exchanges.simulator.control_http import json_answer as _json
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.hosting import LEADER, LISTINGS
from exchanges.simulator.orders import Trade

PAGE = Path(__file__).parent / "page"
HOSTS = {"127.0.0.1", "localhost"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Control:
    """Every endpoint takes `exchange`; without one, accounts are those of all exchanges and the rest is Binance's.
    Whatever the exchange, orders and trades have Binance's fields; only their ids are written as its wire does."""

    def __init__(self, exchanges: Mapping[str, Exchange], faults: Faults) -> None:
        self._exchanges = exchanges
        self._faults = faults

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_guard])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/control/exchanges", self._names),
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
        app.add_routes(HandControl(self._named).routes())
        return app

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _names(self, request: web.Request) -> web.Response:
        return _json(list(self._exchanges))

    async def _market(self, request: web.Request) -> web.Response:
        return _json(_market(self._exchange(request)))

    async def _accounts(self, request: web.Request) -> web.Response:
        asked = "exchange" in request.query
        exchanges = [self._exchange(request)] if asked else self._exchanges.values()
        return _json(
            [_account(exchange, key) for exchange in exchanges for key in exchange.accounts.keys.values()]
        )

    async def _create_account(self, request: web.Request) -> web.Response:
        body = await _body(request)
        api_key, secret = body.get("api_key"), body.get("api_secret")
        if not (isinstance(api_key, str) and isinstance(secret, str) and api_key and secret):
            return _error("Send api_key and api_secret, both text.")
        exchange = self._named(body.get("exchange", LEADER))
        if api_key in exchange.accounts.keys:
            return _error("This key has an account.", 409)
        return _json(_account(exchange, exchange.create_account(api_key, secret)), 201)

    async def _orders(self, request: web.Request) -> web.Response:
        """All of them, or with `open=true` those on the book."""
        exchange = self._exchange(request)
        write = LISTINGS[exchange.name].ids.order
        find = exchange.open_orders if request.query.get("open") == "true" else exchange.journal.orders.of
        found = [order for uid in _uids(exchange, request) for order in find(uid)]
        return _json([payloads.order_info(order) | {"orderId": write(order.id)} for order in found])

    async def _trades(self, request: web.Request) -> web.Response:
        """All of them, or the newest `limit`."""
        exchange, limit = self._exchange(request), request.query.get("limit", "")[:9]
        found = [trade for uid in _uids(exchange, request) for trade in exchange.journal.trades.of(uid)]
        shown = found[-int(limit) if limit.isdecimal() else 0 :]
        return _json([_trade(exchange, trade) for trade in shown])

    async def _requests(self, request: web.Request) -> web.Response:
        return _json(self._exchange(request).journal.requests.of(request.query.get("api_key", "")))

    async def _set_price(self, request: web.Request) -> web.Response:
        body = await _body(request)
        exchange = self._named(body.get("exchange", LEADER))
        try:
            price = Decimal(str(body.get("price")))
            if not 0 < price < 10**6:
                raise InvalidOperation
            exchange.set_price(str(body.get("symbol")), price)
        except InvalidOperation:
            return _error("Send a price above 0 and below 1,000,000.")
        except Refused as refused:
            return _error(refused.message)
        return _json(_market(exchange))

    def _exchange(self, request: web.Request) -> Exchange:
        return self._named(request.query.get("exchange", LEADER))

    def _named(self, name: object) -> Exchange:
        if found := self._exchanges.get(str(name)):
            return found
        text = f"There is no exchange of this name, only {', '.join(self._exchanges)}."
        raise web.HTTPBadRequest(text=orjson.dumps({"error": text}).decode(), content_type="application/json")


def _market(exchange: Exchange) -> dict[str, Any]:
    symbols = {symbol: {"price": f"{venue.price:f}"} for symbol, venue in exchange.venues.items()}
    return {"time": exchange.clock(), "symbols": symbols}


def _account(exchange: Exchange, key: Key) -> dict[str, Any]:
    funds = exchange.accounts.by_uid[key.uid].funds
    balances = {
        asset: {"free": f"{f.free:f}", "locked": f"{f.locked:f}"} for asset, f in sorted(funds.items())
    }
    return {"exchange": exchange.name, "api_key": key.api_key, "uid": key.uid, "balances": balances}


def _trade(exchange: Exchange, trade: Trade) -> dict[str, Any]:
    write = LISTINGS[exchange.name].ids
    return payloads.my_trade(trade) | {
        "id": write.trade(trade.symbol, trade.id),
        "orderId": write.order(trade.order_id),
    }


def _uids(exchange: Exchange, request: web.Request) -> list[int]:
    """Of the accounts that the query asks for."""
    keys = exchange.accounts.keys
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
