"""What may be called a candle. Pure."""

from decimal import Decimal

from bots.core.types import Candle

MINUTE = 60_000
EARLIEST = 1_230_768_000_000  # 2009: nothing was traded before; seconds taken for milliseconds land in 1970
_MAX_PRICE = Decimal(10) ** 10  # NUMERIC(18,8)
_MAX_VOLUME = Decimal(10) ** 16  # NUMERIC(24,8)


def fault(candle: Candle, now: int) -> str:
    """Why this 1m candle cannot be stored, "" where it can. `now` is ms; clocks may differ by a minute."""
    if candle.time % MINUTE:
        return "not on the minute"
    if not EARLIEST <= candle.time <= now + MINUTE:
        return "time out of range"
    return _fault_of_numbers(candle) or _fault_of_shape(candle)


def _fault_of_numbers(candle: Candle) -> str:
    prices = (candle.open, candle.high, candle.low, candle.close)
    if not all(_fits(price, _MAX_PRICE) and price > 0 for price in prices):
        return "price not a positive number of at most 10 digits and 8 decimals"
    if not _fits(candle.volume, _MAX_VOLUME) or candle.volume < 0:
        return "volume not a number of at most 16 digits and 8 decimals, zero or more"
    return ""


def _fault_of_shape(candle: Candle) -> str:
    if candle.high < max(candle.open, candle.close, candle.low):
        return "high below open, close or low"
    if candle.low > min(candle.open, candle.close):
        return "low above open or close"
    return ""


def _fits(number: Decimal, bound: Decimal) -> bool:
    """Stored without rounding? Trailing zeros beyond the eighth decimal do no harm."""
    return number.is_finite() and abs(number) < bound and number == round(number, 8)
