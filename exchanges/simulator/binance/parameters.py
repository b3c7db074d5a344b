"""Reading a request's parameters, with Binance's refusals for what is missing or malformed."""

import re
from decimal import Decimal
from secrets import token_urlsafe
from typing import TypeVar

import orjson

from bots.core.types import Side
from exchanges.simulator.errors import Refused, mandatory
from exchanges.simulator.journal.paging import Page
from exchanges.simulator.orders import Kind, NewOrder

CLIENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,36}")
NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
MAX_NUMBER = Decimal(10) ** 12

Parameters = dict[str, str]
T = TypeVar("T")


def text(parameters: Parameters, name: str) -> str:
    if value := parameters.get(name):
        return value
    raise mandatory(name)


def number(parameters: Parameters, name: str) -> int | None:
    value = parameters.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise Refused(
            -1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        )
    return int(value)


def limit(parameters: Parameters, default: int, maximum: int) -> int:
    return max(1, min(number(parameters, "limit") or default, maximum))


def decimal(parameters: Parameters, name: str) -> Decimal:
    value = text(parameters, name)
    if not NUMBER.fullmatch(value):
        legal = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
        raise Refused(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")
    result = Decimal(value)
    if result != round(result, 8):
        raise Refused(-1111, f"Parameter '{name}' has too much precision.")
    if result >= MAX_NUMBER:
        raise Refused(-1013, f"Invalid {name}.")
    return result


def symbols(parameters: Parameters) -> list[str] | None:
    """`symbol`, or the JSON list `symbols`; None where neither is given."""
    if "symbol" in parameters:
        return [parameters["symbol"]]
    if "symbols" not in parameters:
        return None
    try:
        names = orjson.loads(parameters["symbols"])
    except orjson.JSONDecodeError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(-1100, "Illegal characters found in parameter 'symbols'.")
    return names


def order_ids(parameters: Parameters) -> tuple[int | None, str | None]:
    order_id, client_id = number(parameters, "orderId"), parameters.get("origClientOrderId")
    if order_id is None and not client_id:
        raise Refused(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return order_id, client_id


def page(parameters: Parameters, id_name: str, default: int = 500) -> Page:
    return Page(
        start=number(parameters, "startTime"),
        end=number(parameters, "endTime"),
        from_id=number(parameters, id_name),
        limit=limit(parameters, default, 1000),
    )


def new_order(parameters: Parameters) -> NewOrder:
    symbol = text(parameters, "symbol")
    side = _choice(
        text(parameters, "side"), {each.value.upper(): each for each in Side}, -1117, "Invalid side."
    )
    kind = _choice(text(parameters, "type"), {each.value: each for each in Kind}, -1116, "Invalid orderType.")
    if parameters.get("selfTradePreventionMode", "EXPIRE_MAKER") != "EXPIRE_MAKER":
        raise Refused(-2010, "This symbol does not allow the specified self-trade prevention mode.")
    force = _time_in_force(parameters, kind)
    name = client_id(parameters)
    if kind is not Kind.MARKET:
        price, quantity = decimal(parameters, "price"), decimal(parameters, "quantity")
        return NewOrder(symbol, side, kind, name, price, quantity, time_in_force=force)
    if "price" in parameters:
        raise Refused(-1106, "Parameter 'price' sent when not required.")
    if "quantity" in parameters and "quoteOrderQty" in parameters:
        raise Refused(-1128, "Combination of optional parameters invalid.")
    if "quoteOrderQty" in parameters:
        return NewOrder(symbol, side, kind, name, quote_quantity=decimal(parameters, "quoteOrderQty"))
    return NewOrder(symbol, side, kind, name, quantity=decimal(parameters, "quantity"))


def _time_in_force(parameters: Parameters, kind: Kind) -> str:
    if kind is Kind.LIMIT:
        forces = {"GTC": "GTC", "IOC": "IOC"}
        return _choice(text(parameters, "timeInForce"), forces, -1115, "Invalid timeInForce.")
    if "timeInForce" in parameters:
        raise Refused(-1106, "Parameter 'timeInForce' sent when not required.")
    return "GTC"


def client_id(parameters: Parameters) -> str:
    name = parameters.get("newClientOrderId") or token_urlsafe(16)
    if not CLIENT_ID.fullmatch(name):
        legal = "^[a-zA-Z0-9-_]{1,36}$"
        raise Refused(
            -1100, f"Illegal characters found in parameter 'newClientOrderId'; legal range is '{legal}'."
        )
    return name


def _choice(value: str, choices: dict[str, T], code: int, message: str) -> T:
    if value not in choices:
        raise Refused(code, message)
    return choices[value]
