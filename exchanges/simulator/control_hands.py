"""What a person may do at the exchange itself, past every API key: balances, filters, orders cancelled or filled."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from exchanges.simulator.binance import payloads
from exchanges.simulator.control_http import body_of, error, json_answer
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.filters import describe
from exchanges.simulator.orders import Order

AMOUNTS = ("tick", "lot", "min_notional", "max_notional", "max_quantity", "market_max_quantity")
LARGEST = Decimal(10) ** 12


class HandControl:
    """`named` finds the exchange that a body's `exchange` names, or refuses the request."""

    def __init__(self, named: Callable[[object], Exchange]) -> None:
        self._named = named

    def routes(self) -> list[web.RouteDef]:
        acts = {"balances": _set_balance, "filters": _change_filters, "cancel": _cancel, "fill": _fill}
        return [web.post(f"/control/{name}", self._does(act)) for name, act in acts.items()]

    def _does(self, act: Callable[[Exchange, dict[str, Any]], Any]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            body = await body_of(request)
            exchange = self._named(body.get("exchange", "binance"))
            try:
                return json_answer(act(exchange, body))
            except ValueError as problem:
                return error(str(problem))
            except Refused as refused:
                return error(refused.message)

        return handle


def _set_balance(exchange: Exchange, body: dict[str, Any]) -> dict[str, str]:
    """`free` of `asset` becomes this much; what orders hold stays as it is."""
    uid, asset = _uid(exchange, body), body.get("asset")
    if not (isinstance(asset, str) and asset.isalnum() and asset.isascii()):
        raise ValueError("asset is the name of a coin, such as USDT.")
    exchange.set_balance(uid, asset, _amount(body, "free"))
    funds = exchange.accounts.by_uid[uid].funds[asset]
    return {"asset": asset, "free": f"{funds.free:f}", "locked": f"{funds.locked:f}"}


def _change_filters(exchange: Exchange, body: dict[str, Any]) -> list[dict[str, object]]:
    """Of a symbol, until the exchange starts again; resting orders stay as they are."""
    changes: dict[str, Any] = {name: _amount(body, name) for name in AMOUNTS if name in body}
    if "max_orders" in body:
        changes["max_orders"] = int(_amount(body, "max_orders"))
    if not changes:
        raise ValueError(f"Send symbol and at least one of {', '.join(AMOUNTS)}, max_orders.")
    exchange.change_rules(str(body.get("symbol")), **changes)
    return describe(exchange.venue(str(body.get("symbol"))).rules)


def _cancel(exchange: Exchange, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The order of `client_id`; without one, all open orders of the account, or of its `symbol`."""
    orders = [_order(exchange, body)] if "client_id" in body else _open(exchange, body)
    return [payloads.order_info(exchange.cancel(o.uid, o.symbol, o.id, None)) for o in orders]


def _fill(exchange: Exchange, body: dict[str, Any]) -> dict[str, Any]:
    """Of the order of `client_id` this `quantity`, or all that is left of it."""
    order = _order(exchange, body)
    quantity = _amount(body, "quantity") if "quantity" in body else order.remaining
    if not 0 < quantity <= order.remaining or quantity % exchange.venue(order.symbol).rules.lot:
        raise ValueError("quantity is in whole lots, at most what is left of the order.")
    exchange.fill(order, quantity)
    return payloads.order_info(order)


def _uid(exchange: Exchange, body: dict[str, Any]) -> int:
    key = exchange.accounts.keys.get(str(body.get("api_key")))
    if key is None:
        raise ValueError("api_key names no account of this exchange.")
    return key.uid


def _open(exchange: Exchange, body: dict[str, Any]) -> list[Order]:
    return exchange.open_orders(_uid(exchange, body), body.get("symbol"))


def _order(exchange: Exchange, body: dict[str, Any]) -> Order:
    for order in _open(exchange, body):
        if order.client_id == body.get("client_id"):
            return order
    raise ValueError("client_id names no open order of this account.")


def _amount(body: dict[str, Any], field: str) -> Decimal:
    try:
        amount = Decimal(str(body.get(field)))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < LARGEST or amount != round(amount, 8):
        raise ValueError(f"{field} is a number, not negative, with at most 8 decimals.")
    return amount
