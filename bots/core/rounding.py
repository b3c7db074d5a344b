"""Exact rounding to ticks, lots and the ledger's eight places."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

EIGHT = Decimal("0.00000001")


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
    """Without exponent and without trailing zeros: for people and for JSON."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
