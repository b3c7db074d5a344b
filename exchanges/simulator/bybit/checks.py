"""Reading a new order, with Bybit's own refusals."""

import re
from decimal import Decimal
from secrets import token_hex

from bots.core.types import Side
from exchanges.simulator.bybit.endpoint import Call
from exchanges.simulator.bybit.errors import bad_parameter, refusal
from exchanges.simulator.bybit.rules import INSTRUMENTS
from exchanges.simulator.errors import Refused
from exchanges.simulator.orders import Kind, NewOrder
from exchanges.simulator.venue import Venue

NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?")
LINK_ID = re.compile(r"[a-zA-Z0-9_-]{1,36}")
SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
FORCES = ("GTC", "IOC", "PostOnly")


def new_order(call: Call) -> NewOrder:
    if not call.is_spot:
        raise refusal(10001, "category not supported")
    symbol = call.text("symbol")
    venue = call.exchange.venues.get(symbol)
    if venue is None:
        raise refusal(170121, "Invalid symbol.")
    side = SIDES.get(call.text("side"))
    if side is None:
        raise bad_parameter("Side invalid")
    quantity, link = _decimal(call, "qty"), link_id(call)
    match call.text("orderType"):
        case "Market":
            return _market(call, venue, side, quantity, link)
        case "Limit":
            return _limit(call, venue, side, quantity, link)
    raise bad_parameter("OrderType invalid")


def link_id(call: Call) -> str:
    """A random one where none was given, so that none is ever given twice."""
    name = call.parameters.get("orderLinkId") or token_hex(16)
    if not LINK_ID.fullmatch(name):
        raise bad_parameter("OrderLinkId invalid")
    return name


def _limit(call: Call, venue: Venue, side: Side, quantity: Decimal, link: str) -> NewOrder:
    price, force = _decimal(call, "price"), call.parameters.get("timeInForce") or "GTC"
    if force not in FORCES:
        raise bad_parameter("TimeInForce invalid")
    _check_price(venue, side, price)
    _check_quantity(venue, quantity, venue.rules.max_quantity)
    _check_amount(venue, price * quantity)
    kind = Kind.LIMIT_MAKER if force == "PostOnly" else Kind.LIMIT
    return NewOrder(
        symbol=venue.rules.symbol,
        side=side,
        kind=kind,
        client_id=link,
        price=price,
        quantity=quantity,
        time_in_force="IOC" if force == "IOC" else "GTC",
    )


def _market(call: Call, venue: Venue, side: Side, quantity: Decimal, link: str) -> NewOrder:
    """A purchase is in quote coin unless told otherwise, a sale in base coin."""
    unit = call.parameters.get("marketUnit") or ("quoteCoin" if side is Side.BUY else "baseCoin")
    if unit not in ("baseCoin", "quoteCoin"):
        raise bad_parameter("marketUnit invalid")
    symbol = venue.rules.symbol
    if unit == "quoteCoin":
        _check_decimals(quantity, Decimal(INSTRUMENTS[symbol].quote_precision))
        _check_amount(venue, quantity)
        return NewOrder(symbol, side, Kind.MARKET, link, quote_quantity=quantity)
    _check_quantity(venue, quantity, venue.rules.market_max_quantity)
    _check_amount(venue, quantity * venue.price)
    return NewOrder(symbol, side, Kind.MARKET, link, quantity=quantity)


def _check_price(venue: Venue, side: Side, price: Decimal) -> None:
    if price < venue.rules.tick:
        raise refusal(170133, "Order price lower than the minimum.")
    if price % venue.rules.tick:
        raise refusal(170134, "Order price decimal too long.")
    far = Decimal(INSTRUMENTS[venue.rules.symbol].limit_y)
    if side is Side.BUY and price > venue.price * (1 + far):
        highest = venue.rules.on_tick(venue.price * (1 + far))
        raise refusal(170193, f"Buy order price cannot be higher than {highest:f}USDT.")
    if side is Side.SELL and price < venue.price * (1 - far):
        lowest = venue.rules.on_tick(venue.price * (1 - far))
        raise refusal(170194, f"Sell order price cannot be lower than {lowest:f}USDT.")


def _check_quantity(venue: Venue, quantity: Decimal, most: Decimal) -> None:
    if quantity < venue.rules.lot:
        raise refusal(170136, "Order quantity exceeded lower limit.")
    if quantity > most:
        raise refusal(170135, "Order quantity exceeded upper limit.")
    _check_decimals(quantity, venue.rules.lot)


def _check_decimals(quantity: Decimal, step: Decimal) -> None:
    if quantity % step:
        raise refusal(170137, "Order quantity has too many decimals.")


def _check_amount(venue: Venue, notional: Decimal) -> None:
    if notional < venue.rules.min_notional:
        raise refusal(170140, "Order value exceeded lower limit.")
    if notional > venue.rules.max_notional:
        raise refusal(170124, "Order value exceeded upper limit.")


def _decimal(call: Call, name: str) -> Decimal:
    value = call.text(name)
    if not NUMBER.fullmatch(value):
        raise Refused(10001, f"params error: {name} invalid", 200)
    return Decimal(value)
