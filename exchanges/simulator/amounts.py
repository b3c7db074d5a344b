"""Amounts as short as they can be written."""

from decimal import Decimal


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def plain_e8(value: int) -> str:
    """Of units of 1e-8, as candles hold them."""
    return plain(Decimal(int(value)).scaleb(-8))
