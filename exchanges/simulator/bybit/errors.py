"""Bybit's retCodes. The exchange itself refuses with Binance's codes (all below zero); this says what Bybit says."""

from exchanges.simulator.errors import Refused

BY_TEXT = {
    "Account has insufficient balance for requested action.": (170131, "Insufficient balance."),
    "Duplicate order sent.": (170141, "Duplicate clientOrderId."),
    "Filter failure: PRICE_FILTER": (170134, "Order price decimal too long."),
    "Filter failure: LOT_SIZE": (170137, "Order volume decimal too long."),
    "Filter failure: MARKET_LOT_SIZE": (170135, "Order quantity exceeded upper limit."),
    "Filter failure: NOTIONAL": (170140, "Order value exceeded lower limit."),
    "Filter failure: MAX_NUM_ORDERS": (
        170810,
        "Cannot exceed maximum of 500 conditional, TP/SL and active orders.",
    ),
}
BY_CODE = {
    -2011: (170213, "Order does not exist."),
    -2013: (170213, "Order does not exist."),
    -1121: (170121, "Invalid symbol."),
    -2015: (10003, "API key is invalid."),
    -2014: (10003, "API key is invalid."),
}


def translated(refused: Refused) -> Refused:
    if refused.code >= 0:
        return refused
    code, text = BY_TEXT.get(refused.message) or BY_CODE.get(refused.code) or (170210, "New order rejected.")
    return Refused(code, text, 200)


def refusal(code: int, text: str) -> Refused:
    """With status 200, as nearly all of Bybit's."""
    return Refused(code, text, 200)


def bad_parameter(text: str) -> Refused:
    return refusal(10001, f"params error: {text}")
