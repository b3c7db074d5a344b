"""Reading a new order, with OKX's own refusals."""

import re
from decimal import Decimal
from secrets import token_hex

from bots.core.types import Side
from exchanges.simulator.okx.endpoint import Call
from exchanges.simulator.okx.errors import bad_parameter, refusal
from exchanges.simulator.okx.rules import LARGEST_MARKET, SMALLEST_LOTS
from exchanges.simulator.orders import Kind, NewOrder
from exchanges.simulator.symbols import SymbolRules

NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?")
CLIENT_ID = re.compile(r"[a-zA-Z0-9]{1,32}")
SIDES = {side.value: side for side in Side}
LIMITS = {"limit": (Kind.LIMIT, "GTC"), "post_only": (Kind.LIMIT_MAKER, "GTC"), "ioc": (Kind.LIMIT, "IOC")}


def new_order(call: Call) -> NewOrder:
    venue = call.venue()
    rules, name, size = venue.rules, call.text("ordType"), _decimal(call, "sz")
    if call.text("tdMode") != "cash":
        raise refusal(51010, "The current account mode does not support this API interface.")
    side = SIDES.get(call.text("side"))
    if side is None:
        raise bad_parameter("side")
    if name == "market":
        return _market(call, rules, side, size)
    if name not in LIMITS:
        raise bad_parameter("ordType")
    kind, force = LIMITS[name]
    price = _decimal(call, "px")
    _check_size(rules, size)
    if price * size > rules.max_notional:
        raise refusal(51004, "Order amount exceeds the limit.")
    return NewOrder(rules.symbol, side, kind, client_id(call), price, size, time_in_force=force)


def client_id(call: Call) -> str:
    name = call.parameters.get("clOrdId") or token_hex(16)
    if not CLIENT_ID.fullmatch(name):
        raise bad_parameter("clOrdId")
    return name


def _market(call: Call, rules: SymbolRules, side: Side, size: Decimal) -> NewOrder:
    """A purchase is in quote coin unless told otherwise, a sale in base coin."""
    usual = "quote_ccy" if side is Side.BUY else "base_ccy"
    if (call.parameters.get("tgtCcy") or usual) == "quote_ccy":
        if size > LARGEST_MARKET:
            raise refusal(51202, "Market order amount exceeds the maximum amount.")
        return NewOrder(rules.symbol, side, Kind.MARKET, client_id(call), quote_quantity=size)
    _check_size(rules, size)
    if size * call.venue().price > LARGEST_MARKET:
        raise refusal(51202, "Market order amount exceeds the maximum amount.")
    return NewOrder(rules.symbol, side, Kind.MARKET, client_id(call), quantity=size)


def _check_size(rules: SymbolRules, size: Decimal) -> None:
    if size < rules.lot * SMALLEST_LOTS:
        raise refusal(51020, "Your order should meet or exceed the minimum order amount.")
    if size % rules.lot:
        raise refusal(51121, "Order quantity must be a multiple of the lot size.")


def _decimal(call: Call, name: str) -> Decimal:
    value = call.text(name)
    if not NUMBER.fullmatch(value) or not Decimal(value):
        raise bad_parameter(name)
    return Decimal(value)
