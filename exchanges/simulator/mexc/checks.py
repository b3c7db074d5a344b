"""Reading a new order, with MEXC's own refusals."""

import re
from decimal import Decimal
from secrets import token_hex

from bots.core.types import Side
from exchanges.simulator.amounts import plain
from exchanges.simulator.errors import Refused
from exchanges.simulator.mexc.endpoint import Call
from exchanges.simulator.mexc.errors import illegal, missing
from exchanges.simulator.mexc.rules import BY_SYMBOL
from exchanges.simulator.orders import Kind, NewOrder
from exchanges.simulator.symbols import SymbolRules

NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?")
CLIENT_ID = re.compile(r"[a-zA-Z0-9_-]{1,32}")
SIDES = {side.value.upper(): side for side in Side}
LIMITS = {
    "LIMIT": (Kind.LIMIT, "GTC"),
    "LIMIT_MAKER": (Kind.LIMIT_MAKER, "GTC"),
    "IMMEDIATE_OR_CANCEL": (Kind.LIMIT, "IOC"),
}


def new_order(call: Call) -> NewOrder:
    venue = call.exchange.venues.get(call.text("symbol"))
    if venue is None:
        raise Refused(30014, "invalid symbol")
    rules = venue.rules
    side = SIDES.get(call.text("side"))
    if side is None:
        raise illegal("side")
    name = call.text("type")
    if name == "MARKET":
        return _market(call, rules, side)
    if name not in LIMITS:
        raise Refused(30041, "current order type can not place order")
    kind, force = LIMITS[name]
    price, quantity = _decimal(call, "price"), _decimal(call, "quantity")
    if not price or price % rules.tick:
        raise Refused(400, "price scale is invalid")
    _check_quantity(rules, quantity)
    _check_notional(rules, price * quantity, rules.max_notional)
    return NewOrder(rules.symbol, side, kind, client_id(call), price, quantity, time_in_force=force)


def client_id(call: Call) -> str:
    name = call.parameters.get("newClientOrderId") or token_hex(12)
    if not CLIENT_ID.fullmatch(name):
        raise illegal("newClientOrderId")
    return name


def _market(call: Call, rules: SymbolRules, side: Side) -> NewOrder:
    symbol, name = rules.symbol, client_id(call)
    most = BY_SYMBOL[symbol].largest_market
    if call.parameters.get("quoteOrderQty"):
        quote = _decimal(call, "quoteOrderQty")
        _check_notional(rules, quote, most)
        return NewOrder(symbol, side, Kind.MARKET, name, quote_quantity=quote)
    if not call.parameters.get("quantity"):
        raise missing("quantity")
    quantity = _decimal(call, "quantity")
    _check_quantity(rules, quantity)
    _check_notional(rules, quantity * call.venue().price, most)
    return NewOrder(symbol, side, Kind.MARKET, name, quantity=quantity)


def _check_quantity(rules: SymbolRules, quantity: Decimal) -> None:
    least = max(BY_SYMBOL[rules.symbol].smallest, rules.lot)
    if quantity % rules.lot:
        raise Refused(400, "quantity scale is invalid")
    if quantity < least:
        text = f"The minimum transaction volume cannot be less than:{plain(least)}{rules.base}"
        raise Refused(30002, text)


def _check_notional(rules: SymbolRules, notional: Decimal, most: Decimal) -> None:
    if notional < rules.min_notional:
        least = f"{plain(rules.min_notional)}{rules.quote}"
        raise Refused(30002, f"The minimum transaction volume cannot be less than:{least}")
    if notional > most:
        text = f"The maximum transaction volume cannot be greater than:{plain(most)}{rules.quote}"
        raise Refused(30003, text)


def _decimal(call: Call, name: str) -> Decimal:
    value = call.text(name)
    if not NUMBER.fullmatch(value):
        raise illegal(name)
    return Decimal(value)
