"""Which bots a worker takes, and when it asks for a runner of those that have none."""

import asyncio
import time
from uuid import UUID

from bots.runtime import leases
from bots.runtime.batch import Batch
from bots.runtime.database import Database
from bots.runtime.heartbeat import Heartbeat
from bots.services.queue import ask_for_runners
from bots.services.trading import Lease

ASK_AGAIN = 3.0  # seconds before a bot without a runner is put into the queue again
LEAVE_TO_OTHERS = 2  # times a bot beyond this worker's fair share is left to workers that have room


class Claims:
    def __init__(self, database: Database, heartbeat: Heartbeat) -> None:
        self._database = database
        self._heartbeat = heartbeat
        self._claims = Batch(self._claim)
        self._refused: dict[UUID, int] = {}  # how often a bot was left to others
        self._not_before: dict[UUID, float] = {}  # by the monotonic clock

    async def take(self, bot_id: UUID) -> Lease | None:
        """None where the bot needs no runner, has one, or is left to other workers."""
        return await self._claims.do(bot_id)

    async def _claim(self, bot_ids: list[UUID]) -> dict[UUID, Lease]:
        """Up to this worker's fair share; what the others leave for long is taken all the same."""
        left = {bot_id for bot_id in bot_ids if self._refused.get(bot_id, 0) >= LEAVE_TO_OTHERS}
        claimed: dict[UUID, Lease] = {}
        for asked, fairly in ((left, False), (set(bot_ids) - left, True)):
            if asked:
                claimed |= await self._database.run(
                    leases.claim, bot_ids=list(asked), worker=self._heartbeat.worker, fairly=fairly
                )
        for bot_id in bot_ids:
            self._refused[bot_id] = self._refused.get(bot_id, 0) + 1
        for bot_id in claimed:
            del self._refused[bot_id]
            self._not_before.pop(bot_id, None)
        return claimed

    def not_before(self, bot_id: UUID, seconds: float) -> None:
        """This worker does not ask for a runner of the bot before that."""
        self._not_before[bot_id] = time.monotonic() + seconds

    async def ask(self) -> None:
        """Buries dead workers and asks for a runner of each bot that has none."""
        now = time.monotonic()
        found = await self._database.run(leases.reap)
        waiting = [bot_id for bot_id in found if now >= self._not_before.get(bot_id, 0)]
        self._not_before |= dict.fromkeys(waiting, now + ASK_AGAIN)
        if waiting:
            await asyncio.to_thread(ask_for_runners, waiting)
