"""Orders and executions as Bybit writes them, in answers and in streams alike."""

from decimal import Decimal
from typing import Any

from bots.core.types import ZERO, Side
from exchanges.simulator.amounts import plain
from exchanges.simulator.bybit.ids import order_text, trade_text
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.orders import Kind, Order, Status, Trade

Json = dict[str, Any]
SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
STATUSES = {Status.NEW: "New", Status.PARTIALLY_FILLED: "PartiallyFilled", Status.FILLED: "Filled"}
# Fields of derivatives, margin and conditional orders, which a spot order leaves at these.
OF_OTHER_ORDERS: Json = {
    "slLimitPrice": "0",
    "stopOrderType": "",
    "lastPriceOnCreated": "",
    "takeProfit": "",
    "smpType": "None",
    "triggerDirection": 0,
    "blockTradeId": "",
    "isLeverage": "0",
    "orderIv": "",
    "tpTriggerBy": "",
    "positionIdx": 0,
    "smpGroup": 0,
    "triggerPrice": "0",
    "tpLimitPrice": "0",
    "slTriggerBy": "",
    "closeOnTrigger": False,
    "placeType": "",
    "reduceOnly": False,
    "stopLoss": "",
    "smpOrderId": "",
    "triggerBy": "",
}


def order_status(order: Order) -> str:
    return STATUSES.get(order.status) or ("PartiallyFilledCanceled" if order.executed else "Cancelled")


def why_ended(order: Order) -> tuple[str, str]:
    """(rejectReason, cancelType)"""
    match order.status:
        case Status.CANCELED:
            return "EC_PerCancelRequest", "CancelByUser"
        case Status.EXPIRED_IN_MATCH:
            return "EC_NoError", "CancelBySmp"
        case Status.EXPIRED if order.kind is Kind.LIMIT_MAKER:
            return "EC_PostOnlyWillTakeLiquidity", "UNKNOWN"
        case Status.EXPIRED:
            return "EC_NoImmediateQtyToFill", "UNKNOWN"
    return "EC_NoError", "UNKNOWN"


def order_info(exchange: Exchange, order: Order) -> Json:
    is_market, by_quote = order.kind is Kind.MARKET, bool(order.quote_quantity)
    fees = _fees(exchange, order)
    rejected, cancelled = why_ended(order)
    left = order.remaining if order.status.is_open else ZERO
    return {
        **OF_OTHER_ORDERS,
        "symbol": order.symbol,
        "orderType": "Market" if is_market else "Limit",
        "orderLinkId": order.client_id,
        "orderId": order_text(order.id),
        "cancelType": cancelled,
        "avgPrice": plain(round(order.quote / order.executed, 10)) if order.executed else "",
        "orderStatus": order_status(order),
        "cumExecValue": plain(order.quote),
        "cumFeeDetail": {asset: plain(fee) for asset, fee in fees.items()},
        "rejectReason": rejected,
        "price": plain(order.price),
        "createdTime": str(order.time),
        "timeInForce": _time_in_force(order),
        "leavesValue": plain(left * order.price),
        "updatedTime": str(order.update_time),
        "side": SIDES[order.side],
        "cumExecFee": plain(sum(fees.values(), ZERO)),
        "leavesQty": plain(left),
        "cumExecQty": plain(order.executed),
        "qty": plain(order.quote_quantity if by_quote else order.quantity),
        "marketUnit": ("quoteCoin" if by_quote else "baseCoin") if is_market else "",
    }


def execution(order: Order, trade: Trade) -> Json:
    """`order` is the one that traded."""
    is_market = order.kind is Kind.MARKET
    rate = trade.commission / (trade.quantity if trade.side is Side.BUY else trade.quote)
    return {
        "symbol": trade.symbol,
        "orderType": "Market" if is_market else "Limit",
        "underlyingPrice": "",
        "orderLinkId": order.client_id,
        "orderId": order_text(trade.order_id),
        "stopOrderType": "",
        "execTime": str(trade.time),
        "feeCurrency": trade.commission_asset,
        "feeRate": f"{rate:.4f}".rstrip("0"),
        "tradeIv": "",
        "blockTradeId": "",
        "markPrice": "",
        "execPrice": plain(trade.price),
        "markIv": "",
        "orderQty": plain(order.quote_quantity or order.quantity),
        "orderPrice": plain(order.price),
        "execValue": plain(trade.quote),
        "closedSize": "",
        "execType": "Trade",
        "seq": trade.id,
        "side": SIDES[trade.side],
        "indexPrice": "",
        "leavesQty": plain(order.remaining if order.status.is_open else ZERO),
        "isMaker": trade.is_maker,
        "execFee": plain(trade.commission),
        "execId": trade_text(trade.symbol, trade.id),
        "marketUnit": ("quoteCoin" if order.quote_quantity else "baseCoin") if is_market else "",
        "execQty": plain(trade.quantity),
    }


def _time_in_force(order: Order) -> str:
    if order.kind is Kind.LIMIT_MAKER:
        return "PostOnly"
    return "IOC" if order.kind is Kind.MARKET else order.time_in_force


def _fees(exchange: Exchange, order: Order) -> dict[str, Decimal]:
    """By asset, of as much as the order has executed: one that is told of as it was may have gone on since."""
    fees: dict[str, Decimal] = {}
    counted = ZERO
    for trade in (
        exchange.journal.trades.of_order(order.uid, order.symbol, order.id) if order.executed else ()
    ):
        if counted < order.executed:
            counted += trade.quantity
            fees[trade.commission_asset] = fees.get(trade.commission_asset, ZERO) + trade.commission
    return fees
