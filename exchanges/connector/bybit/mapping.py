"""Bybit's raw messages as our values. REST and streams describe orders and executions alike."""

from collections.abc import Mapping
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
    "New": OrderStatus.OPEN,
    "PartiallyFilled": OrderStatus.OPEN,
    "Untriggered": OrderStatus.OPEN,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "PartiallyFilledCanceled": OrderStatus.CANCELLED,
    "Deactivated": OrderStatus.CANCELLED,
    "Rejected": OrderStatus.ERROR,
}
MONEY_RIGHTS = {"Withdraw", "SubMemberTransfer", "AccountTransfer"}
MAX_OPEN_ORDERS = 500
ANY_PRICE = Decimal(1_000_000)


def rows(raw: Raw) -> list[Any]:
    return list(raw["result"]["list"])


def market(raw: Raw) -> Market:
    """From an entry of instruments-info. Bybit limits only prices that would trade at once."""
    lot = raw["lotSizeFilter"]
    return Market(
        symbol=f"{raw['baseCoin']}/{raw['quoteCoin']}",
        base=raw["baseCoin"],
        quote=raw["quoteCoin"],
        tick=plain(raw["priceFilter"]["tickSize"]),
        lot=plain(lot["basePrecision"]),
        min_quantity=plain(lot["minOrderQty"]),
        max_quantity=plain(lot.get("maxLimitOrderQty") or lot["maxOrderQty"]),
        min_notional=plain(lot["minOrderAmt"]),
        max_orders=MAX_OPEN_ORDERS,
        market_max_quantity=plain(lot.get("maxMarketOrderQty") or "0"),
        min_price_ratio=ZERO,
        max_price_ratio=ANY_PRICE,
    )


def order_params(order: OrderRequest, market_id: str) -> dict[str, str]:
    params = {
        "category": "spot",
        "symbol": market_id,
        "side": order.side.value.title(),
        "orderType": "Market" if order.type is OrderType.MARKET else "Limit",
        "qty": f"{order.quantity:f}",
        "orderLinkId": order.client_id,
    }
    if order.price is None:
        return params | {"marketUnit": "baseCoin"}
    return params | {"price": f"{order.price:f}", "timeInForce": "PostOnly" if order.post_only else "GTC"}


def created(raw: Raw, order: OrderRequest) -> OrderReport:
    """From the reply to a new order, an acknowledgement. Raises when it does not name that order."""
    if raw["result"]["orderLinkId"] != order.client_id:
        raise ValueError("The reply is about another order.")
    if not raw["result"]["orderId"]:
        raise ValueError("The reply names no order.")
    return OrderReport(
        client_id=order.client_id,
        exchange_id=str(raw["result"]["orderId"]),
        symbol=order.symbol,
        side=order.side,
        status=OrderStatus.OPEN,
        quantity=order.quantity,
        filled=ZERO,
        price=order.price,
        time=int(raw["time"]),
    )


def order_report(raw: Raw, symbol: str, reasons: Mapping[str, str]) -> OrderReport:
    why = raw.get("rejectReason") or ""
    return OrderReport(
        client_id=raw["orderLinkId"],
        exchange_id=str(raw["orderId"]),
        symbol=symbol,
        side=Side(raw["side"].lower()),
        status=STATUS[raw["orderStatus"]],
        quantity=Decimal(raw["qty"]),
        filled=Decimal(raw["cumExecQty"] or 0),
        price=Decimal(raw["price"]) if raw["orderType"] == "Limit" else None,
        time=int(raw["updatedTime"]),
        reason=reasons.get(why, why),
    )


def fill(raw: Raw, market: Market) -> Fill:
    side = Side(raw["side"].lower())
    return Fill(
        trade_id=str(raw["execId"]),
        exchange_order_id=str(raw["orderId"]),
        symbol=market.symbol,
        side=side,
        price=Decimal(raw["execPrice"]),
        quantity=Decimal(raw["execQty"]),
        fee=Decimal(raw["execFee"]),
        fee_asset=raw.get("feeCurrency") or (market.base if side is Side.BUY else market.quote),
        liquidity=Liquidity.MAKER if raw["isMaker"] else Liquidity.TAKER,
        time=int(raw["execTime"]),
        client_id=raw.get("orderLinkId") or "",
    )


def is_trade(raw: Raw) -> bool:
    """Of an account's executions; the others are fees and settlements."""
    return bool(raw["execType"] == "Trade")


def key_facts(raw: Raw) -> KeyFacts:
    """From query-api. What Bybit does not say is taken for allowed."""
    key = raw["result"]
    rights = key["permissions"]
    moves_money = "Wallet" not in rights or bool(MONEY_RIGHTS & set(rights["Wallet"]))
    addresses = set(key.get("ips") or ())
    return KeyFacts(
        account_uid=str(int(key["userID"])),
        may_trade=str(key["readOnly"]) == "0" and "SpotTrade" in rights.get("Spot", ()),
        moves_money=moves_money,
        ip_restricted=bool(addresses) and "*" not in addresses,
    )


def balances(raw: Raw) -> dict[str, Balance]:
    held = {coin["coin"]: _balance(coin) for account in rows(raw) for coin in account["coin"]}
    return {asset: balance for asset, balance in held.items() if balance.free or balance.locked}


def _balance(coin: Raw) -> Balance:
    total, locked = Decimal(coin["walletBalance"] or 0), Decimal(coin.get("locked") or 0)
    return Balance(max(ZERO, total - locked), locked)


def ticker(raw: Raw, symbol: str) -> Ticker:
    (row,) = rows(raw)
    last = Decimal(row["lastPrice"])
    bid, ask = row.get("bid1Price") or last, row.get("ask1Price") or last
    return Ticker(symbol, last, Decimal(bid), Decimal(ask), int(raw["time"]))


def candle(raw: list[str]) -> Candle:
    """From a row of kline."""
    start, *values = raw[:6]
    return Candle(int(start), *(Decimal(value) for value in values))


def stream_candle(raw: Mapping[str, Any]) -> Candle:
    values = (raw[name] for name in ("open", "high", "low", "close", "volume"))
    return Candle(int(raw["start"]), *(Decimal(value) for value in values))
