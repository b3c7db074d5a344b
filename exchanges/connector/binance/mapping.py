"""Binance's raw messages as our values. Amounts are strings on the wire and become Decimals, never floats."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from bots.core.types import (
    ZERO,
    Balance,
    Candle,
    Fill,
    Liquidity,
    Market,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    Ticker,
)
from exchanges.connector.public import KeyFacts, Raw, plain

STATUS = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.OPEN,
    "PENDING_CANCEL": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.CANCELLED,
    "EXPIRED_IN_MATCH": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.ERROR,
}
REASONS = {
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "self_trade_prevention",
    "REJECTED": "rejected",
}


def market(raw: Raw, code: Callable[[str], str]) -> Market:
    """From an entry of exchangeInfo. `code` gives the unified name of an asset."""
    filters = {entry["filterType"]: entry for entry in raw["filters"]}
    price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    market_lot = filters.get("MARKET_LOT_SIZE", {})
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    low, high = _price_ratios(filters)
    base, quote = code(raw["baseAsset"]), code(raw["quoteAsset"])
    return Market(
        symbol=f"{base}/{quote}",
        base=base,
        quote=quote,
        tick=plain(price["tickSize"]),
        lot=plain(lot["stepSize"]),
        min_quantity=plain(lot["minQty"]),
        max_quantity=plain(lot["maxQty"]),
        min_notional=plain(notional.get("minNotional", "0")),
        max_orders=int(filters.get("MAX_NUM_ORDERS", {}).get("maxNumOrders", 200)),
        market_lot=plain(market_lot.get("stepSize", "0")),
        market_max_quantity=plain(market_lot.get("maxQty", "0")),
        min_price_ratio=low,
        max_price_ratio=high,
    )


def _price_ratios(filters: Mapping[str, Raw]) -> tuple[Decimal, Decimal]:
    """How far below a buy and how far above a sell may lie."""
    if by_side := filters.get("PERCENT_PRICE_BY_SIDE"):
        return plain(by_side["bidMultiplierDown"]), plain(by_side["askMultiplierUp"])
    if both := filters.get("PERCENT_PRICE"):
        return plain(both["multiplierDown"]), plain(both["multiplierUp"])
    return ZERO, Decimal(1_000_000)


def order_params(order: OrderRequest, market_id: str) -> dict[str, str]:
    params = {
        "symbol": market_id,
        "side": order.side.value.upper(),
        "type": _order_type(order),
        "quantity": f"{order.quantity:f}",
        "newClientOrderId": order.client_id,
        "newOrderRespType": "RESULT",
    }
    if order.price is not None:
        params["price"] = f"{order.price:f}"
    if params["type"] == "LIMIT":
        params["timeInForce"] = "GTC"
    return params


def _order_type(order: OrderRequest) -> str:
    if order.type is OrderType.MARKET:
        return "MARKET"
    return "LIMIT_MAKER" if order.post_only else "LIMIT"


def order_report(raw: Raw, symbol: str) -> OrderReport:
    """From any REST reply about an order. A cancel's reply carries our id as `origClientOrderId`."""
    status = raw["status"]
    price = Decimal(raw["price"])
    return OrderReport(
        client_id=raw.get("origClientOrderId") or raw["clientOrderId"],
        exchange_id=str(int(raw["orderId"])),
        symbol=symbol,
        side=Side(raw["side"].lower()),
        status=STATUS[status],
        quantity=Decimal(raw["origQty"]),
        filled=Decimal(raw["executedQty"]),
        price=price if price else None,
        time=int(raw.get("transactTime") or raw.get("updateTime") or raw.get("time") or 0),
        reason=REASONS.get(status, ""),
    )


def created(raw: Raw, order: OrderRequest) -> OrderReport:
    """From the reply to a new order. Raises when the reply does not name that order."""
    report = order_report(raw, order.symbol)
    if report.client_id != order.client_id:
        raise ValueError("The reply is about another order.")
    return report


def fills(rows: list[Raw], symbol: str) -> list[Fill]:
    """From a page of myTrades, oldest first."""
    return sorted((fill(row, symbol) for row in rows), key=lambda each: int(each.trade_id))


def fill(raw: Raw, symbol: str) -> Fill:
    """From an entry of myTrades."""
    return Fill(
        trade_id=str(raw["id"]),
        exchange_order_id=str(raw["orderId"]),
        symbol=symbol,
        side=Side.BUY if raw["isBuyer"] else Side.SELL,
        price=Decimal(raw["price"]),
        quantity=Decimal(raw["qty"]),
        fee=Decimal(raw["commission"]),
        fee_asset=raw["commissionAsset"],
        liquidity=Liquidity.MAKER if raw["isMaker"] else Liquidity.TAKER,
        time=int(raw["time"]),
    )


def execution(raw: Raw, symbol: str) -> tuple[Fill | None, OrderReport]:
    """From an executionReport. A cancel's event has the cancel's id in `c` and ours in `C`."""
    client_id = raw.get("C") or raw["c"]
    price = Decimal(raw["p"])
    report = OrderReport(
        client_id=client_id,
        exchange_id=str(raw["i"]),
        symbol=symbol,
        side=Side(raw["S"].lower()),
        status=STATUS[raw["X"]],
        quantity=Decimal(raw["q"]),
        filled=Decimal(raw["z"]),
        price=price if price else None,
        time=int(raw["T"]),
        reason=REASONS.get(raw["X"], ""),
    )
    if raw["x"] != "TRADE":
        return None, report
    done = Fill(
        trade_id=str(raw["t"]),
        exchange_order_id=report.exchange_id,
        symbol=symbol,
        side=report.side,
        price=Decimal(raw["L"]),
        quantity=Decimal(raw["l"]),
        fee=Decimal(raw["n"]),
        fee_asset=raw["N"] or "",
        liquidity=Liquidity.MAKER if raw["m"] else Liquidity.TAKER,
        time=report.time,
        client_id=client_id,
    )
    return done, report


def account(raw: Raw) -> dict[str, Any]:
    """Only what is one: it names its owner, its balances and whether it may trade."""
    return {"uid": str(int(raw["uid"])), "canTrade": raw["canTrade"], "balances": list(raw["balances"])}


def key_facts(key: Raw, account: Raw) -> KeyFacts:
    """A key must trade spot, and must not move money out of the account: by withdrawal, or by transfers between
    master and sub-accounts. `permitsUniversalTransfer` moves it between the account's own wallets only."""
    trades = key.get("enableReading", False) and key.get("enableSpotAndMarginTrading", False)
    return KeyFacts(
        account_uid=str(account["uid"]),
        may_trade=bool(trades and account["canTrade"]),
        # What the exchange does not say is taken for allowed: safe is only what it says is not.
        moves_money=bool(key.get("enableWithdrawals", True) or key.get("enableInternalTransfer", True)),
        ip_restricted=bool(key.get("ipRestrict")),
    )


def balances(raw: Raw) -> dict[str, Balance]:
    held = {
        entry["asset"]: Balance(Decimal(entry["free"]), Decimal(entry["locked"])) for entry in raw["balances"]
    }
    return {asset: balance for asset, balance in held.items() if balance.free or balance.locked}


def ticker(raw: Raw, symbol: str) -> Ticker:
    return Ticker(
        symbol=symbol,
        price=Decimal(raw["lastPrice"]),
        bid=Decimal(raw["bidPrice"]),
        ask=Decimal(raw["askPrice"]),
        time=int(raw["closeTime"]),
    )


def candle(raw: list[Any]) -> Candle:
    """From a row of klines."""
    start, *values = raw[:6]
    return Candle(int(start), *(Decimal(value) for value in values))


def stream_candle(raw: Raw) -> Candle:
    """From the `k` of a kline event."""
    return Candle(int(raw["t"]), *(Decimal(raw[key]) for key in "ohlcv"))
