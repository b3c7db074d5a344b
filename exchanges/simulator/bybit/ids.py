"""How Bybit writes its numbers: large, as text, and for trades beginning with a number of the symbol's own."""

from exchanges.simulator.bybit.rules import INSTRUMENTS

FIRST_ORDER = 2_000_000_000_000_000_000
FIRST_TRADE = 2_000_000_000_000_000_000
PER_SYMBOL = 1_000_000_000_000_000


def order_text(number: int) -> str:
    return str(FIRST_ORDER + number)


def order_number(text: str) -> int | None:
    """None where no order can have this id."""
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return None
    number = int(text) - FIRST_ORDER
    return number if number > 0 else None


def trade_text(symbol: str, number: int) -> str:
    return str(FIRST_TRADE + INSTRUMENTS[symbol].number * PER_SYMBOL + number)
