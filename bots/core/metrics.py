"""Figures people judge a bot by. Money in quote, times in ms; ratios as Decimal fractions (0.05 is 5 %)."""

from decimal import Decimal

YEAR_MS = 365 * 24 * 3_600_000


def annualized_return(total_return: Decimal, elapsed_ms: int) -> Decimal | None:
    """(1 + r) ** (year / elapsed) - 1. None below one hour, where it says nothing, and where all is lost."""
    if elapsed_ms < 3_600_000 or total_return <= -1:
        return None
    growth = (1 + total_return) ** (Decimal(YEAR_MS) / elapsed_ms) - 1
    return growth if growth < 10**6 else None
