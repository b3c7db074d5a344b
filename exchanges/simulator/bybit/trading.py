"""Endpoints of an account."""

import re
from typing import Any
from urllib.parse import quote, unquote

from exchanges.simulator.bybit import checks, orders, payloads
from exchanges.simulator.bybit.endpoint import Call, endpoint
from exchanges.simulator.bybit.errors import bad_parameter, refusal
from exchanges.simulator.bybit.ids import order_number, order_text
from exchanges.simulator.orders import Order

WEEK = 7 * 86_400_000
CURSOR = re.compile(r"\d{1,18}:(\d{1,18}|[A-Z0-9]{1,30}:\d{1,18}:\d{1,18})", re.ASCII)
Json = dict[str, Any]
Found = dict[str, Any]


@endpoint("POST", "/v5/order/create", "create")
def create(call: Call) -> Json:
    """Only says that the request was taken; what became of the order is told by the stream and the queries."""
    order, _ = call.exchange.place(call.key.uid, checks.new_order(call))
    return {"orderId": order_text(order.id), "orderLinkId": order.client_id}


@endpoint("POST", "/v5/order/cancel", "cancel")
def cancel(call: Call) -> Json:
    order = _named(call, call.text("symbol"))
    if order is None or not order.status.is_open:
        raise refusal(170213, "Order does not exist.")
    call.exchange.cancel(call.key.uid, order.symbol, order.id, None)
    return {"orderId": order_text(order.id), "orderLinkId": order.client_id}


@endpoint("POST", "/v5/order/cancel-all", "cancel")
def cancel_all(call: Call) -> Json:
    found = call.exchange.open_orders(call.key.uid, call.parameters.get("symbol")) if call.is_spot else []
    for symbol in sorted({order.symbol for order in found}):
        call.exchange.cancel_all(call.key.uid, symbol)
    ids = [{"orderId": order_text(order.id), "orderLinkId": order.client_id} for order in found]
    return {"list": ids, "success": "1"}


@endpoint("GET", "/v5/order/realtime", "open_orders")
def realtime(call: Call) -> Json:
    """Open orders; with openOnly=1 the newest 500 that have ended."""
    limit = call.limit(20, 50)
    if not call.is_spot:
        return _page([])
    uid, symbol = call.key.uid, call.parameters.get("symbol")
    if call.number("openOnly"):
        found = call.exchange.journal.orders.newest(uid, symbol=symbol, ended=True, limit=500)
    else:
        found = sorted(call.exchange.open_orders(uid, symbol), key=lambda each: -each.id)
    return _orders(call, _only_named(call, found), limit)


@endpoint("GET", "/v5/order/history", "query")
def history(call: Call) -> Json:
    """Orders that have ended, of one week at most. Who asks for one by its id is not bound to it."""
    limit = call.limit(20, 50)
    if not call.is_spot:
        return _page([])
    if _names_one(call):
        order = _named(call, call.parameters.get("symbol"))
        found = [order] if order is not None and not order.status.is_open else []
        return _orders(call, found, limit)
    start, end = _window(call)
    before = _cursor(call)
    found = call.exchange.journal.orders.newest(
        call.key.uid,
        symbol=call.parameters.get("symbol"),
        start=start,
        end=end,
        ended=True,
        before=int(before[0]) if before else None,
        limit=limit,
    )
    return _orders(call, found, limit, paged=True)


@endpoint("GET", "/v5/execution/list", "trades")
def executions(call: Call) -> Json:
    limit, uid = call.limit(50, 100), call.key.uid
    if not call.is_spot or call.parameters.get("execType", "Trade") != "Trade":
        return _page([])
    asked: Found = {"symbol": call.parameters.get("symbol")}
    if _names_one(call):
        order = _named(call, None)
        if order is None:
            return _page([])
        asked["order_id"] = order.id
    else:
        asked["start"], asked["end"] = _window(call)
    cursor = _cursor(call)
    if cursor:
        time, symbol, number, order_id = cursor
        asked["before"] = (int(time), symbol, int(number), int(order_id))
    found = call.exchange.journal.trades.newest(uid, limit=limit, **asked)
    shown = []
    for trade in found:
        made_by = call.exchange.find_order(uid, trade.symbol, trade.order_id, None)
        shown.append(orders.execution(made_by, trade)) if made_by else None
    cursor_of_next = ""
    if len(found) == limit:
        last = found[-1]
        cursor_of_next = f"{last.time}:{last.symbol}:{last.id}:{last.order_id}"
    return _page(shown, cursor_of_next)


@endpoint("GET", "/v5/account/wallet-balance", "other")
def wallet_balance(call: Call) -> Json:
    if call.text("accountType") != "UNIFIED":
        raise bad_parameter("accountType only support UNIFIED")
    account = call.exchange.accounts.by_uid[call.key.uid]
    coins = call.parameters.get("coin")
    return {"list": [payloads.wallet(call.exchange, account, set(coins.split(",")) if coins else None)]}


@endpoint("GET", "/v5/user/query-api", "other")
def query_api(call: Call) -> Json:
    return payloads.key_info(call.key)


@endpoint("GET", "/v5/account/info", "other")
def account_info(call: Call) -> Json:
    return {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": str(call.key.created),
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF",
        "timeWindow": 0,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


@endpoint("GET", "/v5/asset/coin/query-info", "other")
def coins(call: Call) -> Json:
    wanted = call.parameters.get("coin")
    names = {each.rules.base for each in call.exchange.venues.values()} | {"USDT"}
    return {"rows": [_coin(name) for name in sorted(names) if wanted in (None, name)]}


def _coin(name: str) -> Json:
    chain = {
        "chain": "SIM",
        "chainType": "Simulated",
        "confirmation": "1",
        "withdrawFee": "0",
        "minAccuracy": "8",
    }
    chain |= {"depositMin": "0", "withdrawMin": "0", "chainDeposit": "0", "chainWithdraw": "0"}
    return {"name": name, "coin": name, "remainAmount": "0", "chains": [chain]}


# -- steps ---------------------------------------------------------------------------------------------------------


def _names_one(call: Call) -> bool:
    return bool(call.parameters.get("orderId") or call.parameters.get("orderLinkId"))


def _named(call: Call, symbol: str | None) -> Order | None:
    """By either id; the exchange's own goes first. Without a symbol, in any."""
    text, link = call.parameters.get("orderId"), call.parameters.get("orderLinkId")
    if not (text or link):
        raise bad_parameter("orderId or orderLinkId is required")
    number = order_number(text) if text else None
    if text and number is None:
        return None
    for name in call.exchange.venues if symbol is None else [symbol]:
        if name in call.exchange.venues:
            found = call.exchange.find_order(call.key.uid, name, number, None if text else link)
            if found is not None:
                return found
    return None


def _only_named(call: Call, found: list[Order]) -> list[Order]:
    text, link = call.parameters.get("orderId"), call.parameters.get("orderLinkId")
    if text:
        return [each for each in found if order_text(each.id) == text]
    return [each for each in found if each.client_id == link] if link else found


def _window(call: Call) -> tuple[int, int]:
    """Seven days at most; one end follows from the other, without either they are the last ones."""
    start, end = call.number("startTime"), call.number("endTime")
    if start is not None and end is not None:
        if end < start or end - start > WEEK:
            raise refusal(10001, "The time range between startTime and endTime cannot exceed 7 days.")
        return start, end
    if start is not None:
        return start, start + WEEK
    end = call.exchange.clock() if end is None else end
    return end - WEEK, end


def _orders(call: Call, found: list[Order], limit: int, *, paged: bool = False) -> Json:
    """`paged`: the page was cut already."""
    if not paged and (before := _cursor(call)):
        found = [each for each in found if each.id < int(before[0])]
    page = found[:limit]
    more = f"{page[-1].id}:{page[-1].time}" if page and len(page) == limit else ""
    shown = [orders.order_info(call.exchange, each) for each in page]
    return _page(shown, more)


def _cursor(call: Call) -> list[str] | None:
    text = unquote(call.parameters.get("cursor") or "")
    if not text:
        return None
    first = text.split(",")[0]
    if not CURSOR.fullmatch(first):
        raise bad_parameter("cursor invalid")
    return first.split(":")


def _page(shown: list[Json], cursor: str = "") -> Json:
    """A full page has a cursor, even where nothing follows."""
    return {
        "nextPageCursor": quote(f"{cursor},{cursor}") if cursor else "",
        "category": "spot",
        "list": shown,
    }
