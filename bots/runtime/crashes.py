"""Bots whose runner ended by an error that nobody foresaw."""

import time
from uuid import UUID

AFTER_CRASH = 2.0  # seconds
LONGEST_REST = 300.0  # before a bot that crashes again and again is tried again
CALM = 300.0  # seconds without a crash after which the earlier ones are forgotten


class Crashes:
    def __init__(self) -> None:
        self._seen: dict[UUID, tuple[int, float]] = {}  # how many in a row, and when the last one was

    def another(self, bot_id: UUID) -> tuple[int, float]:
        """How many in a row there are now, and the seconds until the bot is tried again: soon, and ever later while it
        goes on crashing."""
        now = time.monotonic()
        crashes, last = self._seen.get(bot_id, (0, now))
        rest = min(LONGEST_REST, AFTER_CRASH * 2**crashes)
        crashes = crashes + 1 if now - last < CALM + rest else 1
        self._seen[bot_id] = (crashes, now)
        return crashes, rest
