"""MEXC's codes. The exchange itself refuses with Binance's; this says what MEXC says."""

from bots.core.types import Side
from exchanges.simulator.errors import Refused

BY_TEXT = {
    "Filter failure: PRICE_FILTER": (400, "price scale is invalid"),
    "Filter failure: PERCENT_PRICE_BY_SIDE": (30087, "Order price exceeds allowed range"),
    "Filter failure: LOT_SIZE": (400, "quantity scale is invalid"),
    "Filter failure: MARKET_LOT_SIZE": (30003, "The maximum transaction volume cannot be greater than"),
    "Filter failure: NOTIONAL": (30002, "The minimum transaction volume cannot be less than"),
    "Filter failure: MAX_NUM_ORDERS": (30029, "Cannot exceed the maximum order limit"),
}
BY_CODE = {
    -2015: (10072, "Api key info invalid"),
    -2014: (700001, "API-key format invalid."),
}
SAME = {-2011, -2013, -1121}


def translated(refused: Refused, side: str = "") -> Refused:
    """`side` of the order, if it is about a new one: who has too little hears another code when selling."""
    if refused.code >= 0 or refused.code in SAME:
        return refused
    if "insufficient balance" in refused.message:
        return oversold() if side.lower() == Side.SELL.value else Refused(30004, "Insufficient position")
    code, text = BY_TEXT.get(refused.message) or BY_CODE.get(refused.code) or (30041, refused.message)
    return Refused(code, text)


def oversold() -> Refused:
    return Refused(30005, "Oversold")


def missing(name: str) -> Refused:
    return Refused(33333, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str) -> Refused:
    return Refused(700008, f"Illegal characters found in parameter '{name}'.")
