"""How OKX writes its names and numbers."""

import re

from exchanges.simulator.okx.rules import NUMBERS, RULES_OF_ALL

FIRST = 3_000_000_000_000_000_000
INSTRUMENTS = {rules.symbol: f"{rules.base}-{rules.quote}" for rules in RULES_OF_ALL}
SYMBOLS = {instrument: symbol for symbol, instrument in INSTRUMENTS.items()}
BY_NUMBER = {number: symbol for symbol, number in NUMBERS.items()}
BILL = re.compile(r"(\d{13})(\d{2})(\d{1,18})", re.ASCII)

Bill = tuple[int, str, int, int]


def order_text(number: int) -> str:
    return str(FIRST + number)


def order_number(text: str) -> int | None:
    """None where no order can have this id."""
    number = int(text) - FIRST if text.isascii() and text.isdecimal() and len(text) < 20 else 0
    return number if number > 0 else None


def trade_text(_symbol: str, number: int) -> str:
    return str(number)


def bill_text(symbol: str, number: int, time: int) -> str:
    """Of a fill: it says when and where, so that pages can begin after it."""
    return f"{time:013d}{NUMBERS[symbol]}{number}"


def bill(text: str) -> Bill | None:
    """(time, symbol, trade id, 0)"""
    found = BILL.fullmatch(text)
    if found is None or int(found[2]) not in BY_NUMBER:
        return None
    return int(found[1]), BY_NUMBER[int(found[2])], int(found[3]), 0
