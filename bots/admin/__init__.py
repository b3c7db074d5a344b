"""The operators' pages of trading."""

from bots.admin import halts, outbox, trading

__all__ = ["halts", "outbox", "trading"]
