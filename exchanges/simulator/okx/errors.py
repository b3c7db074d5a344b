"""OKX's codes. The exchange itself refuses with Binance's (all below zero); this says what OKX says."""

from exchanges.simulator.errors import Refused

BY_TEXT = {
    "Account has insufficient balance for requested action.": (
        51008,
        "Order failed. Insufficient balance in account.",
    ),
    "Duplicate order sent.": (51016, "Client order ID already exists."),
    "Filter failure: PERCENT_PRICE_BY_SIDE": (51006, "Order price is not within the price limit"),
    "Filter failure: PRICE_FILTER": (51000, "Parameter px error"),
    "Filter failure: LOT_SIZE": (51121, "Order quantity must be a multiple of the lot size."),
    "Filter failure: MARKET_LOT_SIZE": (51202, "Market order amount exceeds the maximum amount."),
    "Filter failure: NOTIONAL": (51020, "Your order should meet or exceed the minimum order amount."),
    "Filter failure: MAX_NUM_ORDERS": (51025, "The number of your pending orders exceeds the limit."),
}
BY_CODE = {
    -1121: (51001, "Instrument ID does not exist"),
    -2011: (51400, "Cancellation failed as the order has been filled, canceled or does not exist."),
    -2013: (51603, "Order does not exist"),
    -2014: (50111, "Invalid OK-ACCESS-KEY"),
    -2015: (50111, "Invalid OK-ACCESS-KEY"),
}


def translated(refused: Refused) -> Refused:
    if refused.code >= 0:
        return refused
    code, text = BY_TEXT.get(refused.message) or BY_CODE.get(refused.code) or (51000, refused.message)
    return Refused(code, text, 401 if code == 50111 else 200)


def refusal(code: int, text: str) -> Refused:
    return Refused(code, text, 200)


def bad_parameter(name: str) -> Refused:
    return refusal(51000, f"Parameter {name} error")
