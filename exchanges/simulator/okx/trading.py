"""Endpoints of an account."""

from typing import Any

from exchanges.simulator.okx import checks, payloads
from exchanges.simulator.okx.endpoint import Call, endpoint
from exchanges.simulator.okx.errors import bad_parameter, refusal
from exchanges.simulator.okx.ids import bill, order_number
from exchanges.simulator.orders import Order, Status

DAY = 86_400_000
Json = dict[str, Any]


@endpoint("POST", "/trade/order", "create")
def place(call: Call) -> list[Json]:
    order, _ = call.exchange.place(call.key.uid, checks.new_order(call))
    return [payloads.acknowledged(order, call.exchange.clock())]


@endpoint("POST", "/trade/batch-orders", "create")
def place_one_of_a_list(call: Call) -> list[Json]:
    """Lists of one order: the way in which clients that know no other place them."""
    return place(call)


@endpoint("POST", "/trade/cancel-order", "cancel")
def cancel(call: Call) -> list[Json]:
    order = call.order(missing=51407)
    if order is None:
        raise refusal(51400, "Cancellation failed as the order has been filled, canceled or does not exist.")
    if not order.status.is_open:
        code = 51402 if order.status is Status.FILLED else 51401
        raise refusal(code, "Cancellation failed as the order is already completed or canceled.")
    call.exchange.cancel(call.key.uid, order.symbol, order.id, None)
    return [payloads.acknowledged(order, call.exchange.clock())]


@endpoint("GET", "/trade/order", "query")
def order(call: Call) -> list[Json]:
    found = call.order()
    if found is None:
        raise refusal(51603, "Order does not exist")
    return [payloads.order_info(call.exchange, found)]


@endpoint("GET", "/trade/orders-pending", "open_orders")
def pending(call: Call) -> list[Json]:
    """Newest first, of all markets where none is named; `after` is the id of the last order of the page before."""
    if not call.is_spot:
        return []
    before = _before(call)
    found = sorted(call.exchange.open_orders(call.key.uid, call.symbol()), key=lambda each: -each.id)
    return _shown(
        call, [each for each in found if before is None or each.id < before][: call.limit(100, 100)]
    )


@endpoint("GET", "/trade/orders-history", "query")
def history(call: Call) -> list[Json]:
    return _history(call, 7 * DAY)


@endpoint("GET", "/trade/orders-history-archive", "query")
def archive(call: Call) -> list[Json]:
    return _history(call, 90 * DAY)


@endpoint("GET", "/trade/fills", "trades")
def fills(call: Call) -> list[Json]:
    return _fills(call, 3 * DAY)


@endpoint("GET", "/trade/fills-history", "trades")
def fills_history(call: Call) -> list[Json]:
    call.text("instType")
    return _fills(call, 90 * DAY)


@endpoint("GET", "/account/balance", "other")
def balance(call: Call) -> list[Json]:
    return [payloads.balance(call.exchange, call.exchange.accounts.by_uid[call.key.uid])]


@endpoint("GET", "/account/config", "other")
def config(call: Call) -> list[Json]:
    return [payloads.account_config(call.key)]


@endpoint("GET", "/asset/currencies", "other")
def currencies(call: Call) -> list[Json]:
    names = {venue.rules.base for venue in call.exchange.venues.values()} | {"USDT"}
    return [{"ccy": name, "chain": f"{name}-SIM", "name": name, "minWd": "0"} for name in sorted(names)]


# -- steps ---------------------------------------------------------------------------------------------------------


def _history(call: Call, longest: int) -> list[Json]:
    if call.text("instType") != "SPOT":
        return []
    now = call.exchange.clock()
    found = call.exchange.journal.orders.newest(
        call.key.uid,
        symbol=call.symbol(),
        start=max(call.number("begin") or 0, now - longest),
        end=call.number("end"),
        ended=True,
        before=_before(call),
        limit=call.limit(100, 100),
    )
    return _shown(call, found)


def _fills(call: Call, longest: int) -> list[Json]:
    """Newest first; `after` is the billId of the last fill of the page before."""
    if not call.is_spot:
        return []
    uid, after, text = call.key.uid, call.parameters.get("after"), call.parameters.get("ordId")
    before = bill(after) if after else None
    if after and before is None:
        raise bad_parameter("after")
    found = call.exchange.journal.trades.newest(
        uid,
        symbol=call.symbol(),
        order_id=(order_number(text) or 0) if text else None,
        start=max(call.number("begin") or 0, call.exchange.clock() - longest),
        end=call.number("end"),
        before=before,
        limit=call.limit(100, 100),
    )
    made_by = ((call.exchange.find_order(uid, trade.symbol, trade.order_id, None), trade) for trade in found)
    return [payloads.fill(order, trade) for order, trade in made_by if order is not None]


def _before(call: Call) -> int | None:
    after = call.parameters.get("after")
    number = order_number(after) if after else None
    if after and number is None:
        raise bad_parameter("after")
    return number


def _shown(call: Call, found: list[Order]) -> list[Json]:
    return [payloads.order_info(call.exchange, each) for each in found]
