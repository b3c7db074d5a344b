"""Endpoints of an account."""

from typing import Any

from exchanges.simulator.binance import parameters as read
from exchanges.simulator.binance import payloads as write
from exchanges.simulator.binance.endpoint import Access, Call, endpoint
from exchanges.simulator.binance.parameters import Parameters
from exchanges.simulator.errors import Refused, no_such_order
from exchanges.simulator.symbols import ALL

DAY = 86_400_000


@endpoint("POST", "/api/v3/order", 1, Access.TRADE, "create")
def place(call: Call) -> dict[str, Any]:
    new = read.new_order(call.parameters)
    call.limits.use_order(call.key.uid, call.exchange.clock())
    order, trades = call.exchange.place(call.key.uid, new)
    return write.new_order(order, trades, call.parameters.get("newOrderRespType", "FULL"))


@endpoint("DELETE", "/api/v3/order", 1, Access.TRADE, "cancel")
def cancel(call: Call) -> dict[str, Any]:
    symbol, ids = read.text(call.parameters, "symbol"), read.order_ids(call.parameters)
    cancel_id = read.client_id(call.parameters)
    return write.cancelled_order(call.exchange.cancel(call.key.uid, symbol, *ids, cancel_id), cancel_id)


@endpoint("DELETE", "/api/v3/openOrders", 1, Access.TRADE, "cancel")
def cancel_all(call: Call) -> list[dict[str, Any]]:
    symbol, cancel_id = read.text(call.parameters, "symbol"), read.client_id(call.parameters)
    orders = call.exchange.cancel_all(call.key.uid, symbol, cancel_id)
    return [write.cancelled_order(order, cancel_id) for order in orders]


@endpoint("GET", "/api/v3/order", 4, Access.SIGNED, "query")
def order(call: Call) -> dict[str, Any]:
    symbol, ids = read.text(call.parameters, "symbol"), read.order_ids(call.parameters)
    found = call.exchange.find_order(call.key.uid, symbol, *ids)
    if found is None:
        raise no_such_order()
    return write.order_info(found)


@endpoint(
    "GET",
    "/api/v3/openOrders",
    lambda parameters: 6 if "symbol" in parameters else 80,
    Access.SIGNED,
    "open_orders",
)
def open_orders(call: Call) -> list[dict[str, Any]]:
    symbol = call.parameters.get("symbol")
    if symbol is not None:
        call.exchange.venue(symbol)
    return [write.order_info(found) for found in call.exchange.open_orders(call.key.uid, symbol)]


@endpoint("GET", "/api/v3/allOrders", 20, Access.SIGNED, "open_orders")
def all_orders(call: Call) -> list[dict[str, Any]]:
    symbol = _symbol(call)
    _check_span(call.parameters, DAY)
    page = read.page(call.parameters, "orderId")
    return [write.order_info(found) for found in call.exchange.journal.orders.of(call.key.uid, symbol, page)]


@endpoint(
    "GET",
    "/api/v3/myTrades",
    lambda parameters: 5 if "orderId" in parameters else 20,
    Access.SIGNED,
    "trades",
)
def my_trades(call: Call) -> list[dict[str, Any]]:
    symbol, order_id = _symbol(call), read.number(call.parameters, "orderId")
    page, trades = read.page(call.parameters, "fromId"), call.exchange.journal.trades
    if page.from_id is not None and (page.start is not None or page.end is not None):
        raise Refused(-1128, "Combination of optional parameters invalid.")
    _check_span(call.parameters, DAY)
    if order_id is not None:
        return [write.my_trade(t) for t in trades.of_order(call.key.uid, symbol, order_id, page.limit)]
    return [write.my_trade(trade) for trade in trades.of(call.key.uid, symbol, page)]


@endpoint("GET", "/api/v3/account", 20, Access.SIGNED)
def account(call: Call) -> dict[str, Any]:
    found = call.exchange.accounts.by_uid[call.key.uid]
    rates = (ALL[0].maker_fee, ALL[0].taker_fee)
    omit_zero = call.parameters.get("omitZeroBalances") == "true"
    return write.account_info(found, call.key, rates, omit_zero=omit_zero)


@endpoint("GET", "/sapi/v1/account/apiRestrictions", 1, Access.SIGNED)
def restrictions(call: Call) -> dict[str, Any]:
    return write.restrictions(call.key)


def _symbol(call: Call) -> str:
    symbol = read.text(call.parameters, "symbol")
    call.exchange.venue(symbol)
    return symbol


def _check_span(parameters: Parameters, longest: int) -> None:
    """Binance looks at no more than 24 hours between two given times."""
    start, end = read.number(parameters, "startTime"), read.number(parameters, "endTime")
    if start is not None and end is not None and end - start > longest:
        raise Refused(-1127, "More than 24 hours between startTime and endTime.")
