"""How MEXC writes its numbers."""

import re

FIRST = 600_000_000_000_000_000
ORDER = re.compile(r"C02__(\d{18})", re.ASCII)


def order_text(number: int) -> str:
    return f"C02__{FIRST + number}"


def order_number(text: str) -> int | None:
    """None where no order can have this id."""
    found = ORDER.fullmatch(text)
    number = int(found[1]) - FIRST if found else 0
    return number if number > 0 else None


def trade_text(_symbol: str, number: int) -> str:
    return f"{FIRST + number}X1"
