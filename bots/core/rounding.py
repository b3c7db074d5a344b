"""Exact rounding to ticks, lots and the ledger's eight places; and how numbers look, in sentences as on pages."""

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

EIGHT = Decimal("0.00000001")
GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
ANY_SIZE = Context(prec=60, rounding=ROUND_HALF_UP)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def nearest(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to `value`; a tie goes to the even one."""
    return (value / step).to_integral_value(ROUND_HALF_EVEN) * step


def round8(value: Decimal) -> Decimal:
    """To the eight places of the ledger's columns."""
    return value.quantize(EIGHT, ROUND_HALF_EVEN)


def plain(value: Decimal) -> str:
    """Without exponent and without trailing zeros: for JSON, and for small numbers such as per cent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def grouped(value: Decimal, least: int, most: int) -> str:
    """12,345.60: thousands grouped, `least` to `most` decimals, halves rounded away from zero."""
    rounded = value.quantize(Decimal(1).scaleb(-most), context=ANY_SIZE)
    whole, _, decimals = f"{rounded.copy_abs():,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    sign = "−" if rounded < 0 else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def as_price(value: Decimal) -> str:
    """A price, or an amount of the quote coin with all its decimals."""
    return grouped(value, 2, 8)


def as_quantity(value: Decimal) -> str:
    return grouped(value, 0, 8)


def ungrouped(text: str) -> str:
    """1000 for 1,000; 1,5 stays as it is, for it is no 15. What is read so is shown before it counts."""
    return text.replace(",", "") if GROUPED.fullmatch(text) else text
