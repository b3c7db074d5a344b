"""ccxt's unified structures as our values. Its numbers are the exact text of the wire (`Signing.number`)."""

from collections.abc import Sequence
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
    Side,
    Ticker,
)
from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.public import KeyFacts, Raw, plain

STATUS = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.CANCELLED,
    "rejected": OrderStatus.ERROR,
}
ANY_PRICE = Decimal(1_000_000)
ANY_QUANTITY = Decimal(1_000_000_000)


def market(raw: Raw, facts: ExchangeFacts) -> Market:
    """Precisions are steps (TICK_SIZE)."""
    limits = raw["limits"]
    lot = plain(raw["precision"]["amount"])
    return Market(
        symbol=raw["symbol"],
        base=raw["base"],
        quote=raw["quote"],
        tick=plain(raw["precision"]["price"]),
        lot=lot,
        min_quantity=max(lot, plain(limits["amount"]["min"] or "0")),
        max_quantity=plain(limits["amount"]["max"]) if limits["amount"]["max"] else ANY_QUANTITY,
        min_notional=plain(limits["cost"]["min"] or "0"),
        maker_fee=Decimal(facts.maker_fee),
        taker_fee=Decimal(facts.taker_fee),
        max_orders=facts.max_open_orders,
        min_price_ratio=ZERO,
        max_price_ratio=ANY_PRICE,
        fee_in_base_on_buy=facts.fee_in_base_on_buy,
    )


def created(raw: Raw, order: OrderRequest, time: int) -> OrderReport:
    """From the reply to a new order. Raises when it does not name that order."""
    if not raw["id"] or raw["clientOrderId"] != order.client_id:
        raise ValueError("The reply is not about this order.")
    return OrderReport(
        client_id=order.client_id,
        exchange_id=str(raw["id"]),
        symbol=order.symbol,
        side=order.side,
        status=OrderStatus.OPEN,
        quantity=order.quantity,
        filled=ZERO,
        price=order.price,
        time=time,
    )


def order_report(raw: Raw, symbol: str, facts: ExchangeFacts) -> OrderReport:
    filled, quantity = Decimal(raw["filled"] or 0), Decimal(raw["amount"])
    return OrderReport(
        client_id=raw["clientOrderId"] or "",
        exchange_id=str(raw["id"]),
        symbol=symbol,
        side=Side(raw["side"]),
        status=STATUS[raw["status"]],
        quantity=quantity,
        filled=filled,
        price=Decimal(raw["price"]) if raw["price"] and raw["type"] != "market" else None,
        time=int(raw["lastUpdateTimestamp"] or raw["timestamp"] or 0),
        reason=facts.reasons.get(str(raw["info"].get(facts.reason_at) or ""), ""),
    )


def fill(raw: Raw, symbol: str, facts: ExchangeFacts) -> Fill:
    fee = raw["fee"] or {}
    return Fill(
        trade_id=str(raw["id"]),
        exchange_order_id=str(raw["order"]),
        symbol=symbol,
        side=Side(raw["side"]),
        price=Decimal(raw["price"]),
        quantity=Decimal(raw["amount"]),
        fee=Decimal(fee.get("cost") or 0),
        fee_asset=fee.get("currency") or "",
        liquidity=Liquidity.MAKER if raw["takerOrMaker"] == "maker" else Liquidity.TAKER,
        time=int(raw["timestamp"]),
        client_id=raw["info"].get(facts.fill_client_id) or "",
    )


def balances(raw: Raw) -> dict[str, Balance]:
    held = {
        asset: Balance(Decimal(free or 0), Decimal(raw["used"].get(asset) or 0))
        for asset, free in raw["free"].items()
    }
    return {asset: balance for asset, balance in held.items() if balance.free or balance.locked}


def ticker(raw: Raw, symbol: str) -> Ticker:
    last = raw["last"]
    price, bid, ask = (Decimal(value) for value in (last, raw["bid"] or last, raw["ask"] or last))
    return Ticker(symbol, price, bid, ask, int(raw["timestamp"]))


def candle(raw: Sequence[Any]) -> Candle:
    start, *values = raw[:6]
    return Candle(int(start), *(Decimal(value) for value in values))


def key_facts(raw: Any, facts: ExchangeFacts) -> KeyFacts:
    """`facts.key_question` says where the answer holds what: `rights` is a list by commas, `moves_money` and `trades`
    are words of it, `addresses` what the key is bound to."""
    where = facts.key_question
    found = raw
    for step in where["at"].split("."):
        found = found[int(step)] if step.isdigit() else found[step]
    rights = {right.strip() for right in found[where["rights"]].split(",")}
    return KeyFacts(
        account_uid=str(found[where["uid"]]),
        may_trade=where["trades"] in rights,
        moves_money=where["moves_money"] in rights,
        ip_restricted=bool(found[where["addresses"]]),
    )
