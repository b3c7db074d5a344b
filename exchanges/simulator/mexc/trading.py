"""Endpoints of an account."""

from hashlib import sha256
from typing import Any

from exchanges.simulator.errors import Refused, no_such_order
from exchanges.simulator.journal.paging import Page
from exchanges.simulator.mexc import checks, payloads
from exchanges.simulator.mexc.endpoint import Call, endpoint
from exchanges.simulator.mexc.errors import missing
from exchanges.simulator.mexc.ids import order_number

DAY = 86_400_000
MONTH, WEEK = 30 * DAY, 7 * DAY
MAX_SYMBOLS = 5
Json = dict[str, Any]


@endpoint("POST", "/api/v3/order", "create")
def place(call: Call) -> Json:
    order, _ = call.exchange.place(call.key.uid, checks.new_order(call))
    return payloads.new_order(order)


@endpoint("POST", "/api/v3/order/test", "other")
def try_order(call: Call) -> Json:
    checks.new_order(call)
    return {}


@endpoint("DELETE", "/api/v3/order", "cancel")
def cancel(call: Call) -> Json:
    order = call.exchange.cancel(call.key.uid, call.venue().rules.symbol, *call.order_ids())
    return payloads.order_info(order)


@endpoint("DELETE", "/api/v3/openOrders", "cancel")
def cancel_all(call: Call) -> list[Json]:
    cancelled = []
    for symbol in _symbols(call):
        if call.exchange.open_orders(call.key.uid, symbol):
            cancelled += call.exchange.cancel_all(call.key.uid, symbol)
    return [payloads.order_info(order) for order in cancelled]


@endpoint("GET", "/api/v3/order", "query", 2)
def order(call: Call) -> Json:
    found = call.exchange.find_order(call.key.uid, call.venue().rules.symbol, *call.order_ids())
    if found is None:
        raise no_such_order()
    return payloads.order_info(found)


@endpoint("GET", "/api/v3/openOrders", "open_orders", 3)
def open_orders(call: Call) -> list[Json]:
    """Of up to five symbols."""
    found = [each for symbol in _symbols(call) for each in call.exchange.open_orders(call.key.uid, symbol)]
    return [payloads.order_info(each) for each in sorted(found, key=lambda each: -each.id)]


@endpoint("GET", "/api/v3/allOrders", "query", 10)
def all_orders(call: Call) -> list[Json]:
    """Newest first, of a week at most."""
    start, end = _window(call, WEEK)
    found = call.exchange.journal.orders.newest(
        call.key.uid, symbol=call.venue().rules.symbol, start=start, end=end, limit=call.limit(500, 1000)
    )
    return [payloads.order_info(each) for each in found]


@endpoint("GET", "/api/v3/myTrades", "trades", 10)
def my_trades(call: Call) -> list[Json]:
    """Newest first, of the last month only."""
    symbol, limit = call.venue().rules.symbol, call.limit(100, 100)
    if text := call.parameters.get("orderId"):
        trades = call.exchange.journal.trades.of_order(call.key.uid, symbol, order_number(text) or 0, limit)
        return [payloads.my_trade(trade) for trade in reversed(trades)]
    start, end = _window(call, MONTH)
    page = Page(start=None, end=end, limit=limit)
    found = [
        trade for trade in call.exchange.journal.trades.of(call.key.uid, symbol, page) if trade.time >= start
    ]
    return [payloads.my_trade(trade) for trade in reversed(found)]


@endpoint("GET", "/api/v3/account", "other", 10)
def account(call: Call) -> Json:
    return payloads.account_info(call.exchange.accounts.by_uid[call.key.uid], call.key)


@endpoint("GET", "/api/v3/uid", "other")
def uid(call: Call) -> Json:
    return {"uid": str(call.key.uid)}


@endpoint("GET", "/api/v3/capital/config/getall", "other", 10)
def coins(call: Call) -> list[Json]:
    names = {venue.rules.base for venue in call.exchange.venues.values()} | {"USDT"}
    return [{"coin": name, "Name": name, "networkList": []} for name in sorted(names)]


@endpoint("GET", "/api/v3/selfSymbols", "other")
def self_symbols(call: Call) -> Json:
    return {"code": 200, "data": list(call.exchange.venues), "msg": None}


@endpoint("POST", "/api/v3/userDataStream", "other")
def open_stream(call: Call) -> Json:
    return {"listenKey": _listen_key(call)}


@endpoint("PUT", "/api/v3/userDataStream", "other")
def keep_stream(call: Call) -> Json:
    return {"listenKey": call.text("listenKey")}


@endpoint("DELETE", "/api/v3/userDataStream", "other")
def close_stream(call: Call) -> Json:
    return {"listenKey": call.text("listenKey")}


@endpoint("GET", "/api/v3/userDataStream", "other")
def streams(call: Call) -> Json:
    return {"listenKey": [_listen_key(call)]}


# -- steps ---------------------------------------------------------------------------------------------------------


def _listen_key(call: Call) -> str:
    return sha256(call.key.api_key.encode()).hexdigest()


def _symbols(call: Call) -> list[str]:
    names = call.text("symbol").split(",")
    if len(names) > MAX_SYMBOLS:
        raise missing("symbol")
    return [call.exchange.venue(name).rules.symbol for name in names]


def _window(call: Call, longest: int) -> tuple[int, int]:
    now = call.exchange.clock()
    start, end = call.number("startTime"), call.number("endTime")
    end = now if end is None else min(end, now)
    start = end - longest if start is None else start
    if start < now - 3 * MONTH:
        raise Refused(400, "The start time cannot be earlier than 90 days")
    return max(start, now - longest) if longest == MONTH else start, end
