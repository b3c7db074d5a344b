"""Figures people judge a bot by. Money in quote, times in ms; ratios as Decimal fractions (0.05 is 5 %)."""

from collections.abc import Iterable
from decimal import Decimal

from bots.core.types import ZERO

YEAR_MS = 365 * 24 * 3_600_000


def annualized_return(total_return: Decimal, elapsed_ms: int) -> Decimal | None:
    """(1 + r) ** (year / elapsed) - 1. None below one hour, where it says nothing, and where all is lost."""
    if elapsed_ms < 3_600_000 or total_return <= -1:
        return None
    growth = (1 + total_return) ** (Decimal(YEAR_MS) / elapsed_ms) - 1
    return growth if growth < 10**6 else None


def max_drawdown(equity: Iterable[Decimal]) -> Decimal:
    """The deepest fall from a maximum, as a negative fraction of that maximum; 0 where it never fell."""
    highest, deepest = ZERO, ZERO
    for value in equity:
        highest = max(highest, value)
        if highest > 0:
            deepest = min(deepest, value / highest - 1)
    return deepest
