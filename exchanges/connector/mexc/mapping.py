"""MEXC's raw messages as our values, where they differ from Binance's. Ids are text."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bots.core.types import (
    ZERO,
    Fill,
    Liquidity,
    Market,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
)
from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.public import Raw, plain

STATUS = {
    "NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "PARTIALLY_CANCELED": OrderStatus.CANCELLED,
}
MAX_OPEN_ORDERS = 500
AT_ONCE_MS = 100  # nobody cancels by hand so soon after an order was made
ANY_PRICE = Decimal(1_000_000)
ANY_QUANTITY = Decimal(1_000_000_000)  # it limits the value of an order, not its quantity


def market(raw: Raw, facts: ExchangeFacts) -> Market:
    """From an entry of exchangeInfo, which has no filters."""
    lot = _digits(raw["baseAssetPrecision"])
    return Market(
        symbol=f"{raw['baseAsset']}/{raw['quoteAsset']}",
        base=raw["baseAsset"],
        quote=raw["quoteAsset"],
        tick=_digits(raw["quotePrecision"]),
        lot=lot,
        min_quantity=max(lot, plain(raw["baseSizePrecision"])),
        max_quantity=ANY_QUANTITY,
        min_notional=plain(raw["quoteAmountPrecision"]),
        maker_fee=Decimal(raw.get("makerCommission") or facts.maker_fee),
        taker_fee=Decimal(raw.get("takerCommission") or facts.taker_fee),
        max_orders=MAX_OPEN_ORDERS,
        min_price_ratio=ZERO,
        max_price_ratio=ANY_PRICE,
        fee_in_base_on_buy=facts.fee_in_base_on_buy,
    )


def _digits(count: str) -> Decimal:
    return plain(str(Decimal(1).scaleb(-int(count))))


def order_params(order: OrderRequest, market_id: str) -> dict[str, str]:
    params = {
        "symbol": market_id,
        "side": order.side.value.upper(),
        "type": "LIMIT_MAKER" if order.post_only else "LIMIT",
        "quantity": f"{order.quantity:f}",
        "newClientOrderId": order.client_id,
    }
    if order.type is OrderType.MARKET:
        params["type"] = "MARKET"
    if order.price is not None:
        params["price"] = f"{order.price:f}"
    return params


def created(raw: Raw, order: OrderRequest) -> OrderReport:
    """From the reply to a new order, which has the exchange's id but not ours. Raises where it names no order."""
    if not raw["orderId"]:
        raise ValueError("The reply names no order.")
    return OrderReport(
        client_id=order.client_id,
        exchange_id=str(raw["orderId"]),
        symbol=order.symbol,
        side=order.side,
        status=OrderStatus.OPEN,
        quantity=order.quantity,
        filled=ZERO,
        price=order.price,
        time=int(raw.get("transactTime") or 0),
    )


def order_report(raw: Raw, symbol: str) -> OrderReport:
    """From a query of orders."""
    price = Decimal(raw["price"] or 0)
    return OrderReport(
        client_id=raw.get("clientOrderId") or "",
        exchange_id=str(raw["orderId"]),
        symbol=symbol,
        side=Side(raw["side"].lower()),
        status=STATUS[raw["status"]],
        quantity=Decimal(raw["origQty"]),
        filled=Decimal(raw["executedQty"]),
        price=price if price and raw["type"] != "MARKET" else None,
        time=int(raw.get("updateTime") or raw["time"]),
        reason="post_only" if _has_crossed(raw) else "",
    )


def _has_crossed(raw: Raw) -> bool:
    """A post-only order that would take is accepted, and cancelled at once without a word of why."""
    if (raw["type"], raw["status"]) != ("LIMIT_MAKER", "CANCELED") or Decimal(raw["executedQty"]):
        return False
    return bool(raw.get("updateTime")) and int(raw["updateTime"]) - int(raw["time"]) <= AT_ONCE_MS


def fill(raw: Raw, symbol: str) -> Fill:
    """From an entry of myTrades, without our id."""
    return Fill(
        trade_id=str(raw["id"]),
        exchange_order_id=str(raw["orderId"]),
        symbol=symbol,
        side=Side.BUY if raw["isBuyer"] else Side.SELL,
        price=Decimal(raw["price"]),
        quantity=Decimal(raw["qty"]),
        fee=Decimal(raw["commission"] or 0),
        fee_asset=raw["commissionAsset"] or "",
        liquidity=Liquidity.MAKER if raw["isMaker"] else Liquidity.TAKER,
        time=int(raw["time"]),
    )


def named(fill: Fill, client_id: str) -> Fill:
    return replace(fill, client_id=client_id)


def account(raw: Raw) -> dict[str, Any]:
    """Only what is one."""
    return {"canTrade": raw["canTrade"], "balances": list(raw["balances"])}
