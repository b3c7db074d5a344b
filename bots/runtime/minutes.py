"""What the bots of a worker were worth at a minute's close: all that came within a second in one write."""

from bots.runtime.database import Database
from bots.services import outcome
from bots.services.outcome import Minute

MOST = 100_000  # that wait while the database is away; older ones are given up


class Minutes:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Minute] = []

    def note(self, minute: Minute) -> None:
        self._waiting.append(minute)

    async def write(self) -> None:
        """Called once a second. What could not be written is tried again."""
        if not self._waiting:
            return
        minutes, self._waiting = self._waiting, []
        try:
            await self._database.run(outcome.snapshots, minutes=minutes)
        except BaseException:
            self._waiting = [*minutes, *self._waiting][-MOST:]
            raise
