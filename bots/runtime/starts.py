"""So many bots of a worker start at a time: a thousand that all recover at once would keep each other, and those at
work, waiting until the exchange refuses their orders as too late."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

logger = logging.getLogger(__name__)
AT_ONCE = 16
PATIENCE = 15.0  # seconds after which one that has not started yet holds up no other


class Starts:
    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._closed = False

    def close(self) -> None:
        """The worker ends: nobody starts any more, so nobody need wait to be told."""
        self._closed = True
        for _ in range(self._waiting):
            self._room.release()

    async def turn(self) -> Callable[[], None]:
        """Waits for a place; the answer gives it free, and does no more when called again."""
        self._waiting += 1
        try:
            if not self._closed:
                await self._room.acquire()
        finally:
            self._waiting -= 1
        held: list[asyncio.TimerHandle] = []

        def give_way() -> None:
            if held:
                held.pop().cancel()
                self._room.release()

        held.append(asyncio.get_running_loop().call_later(PATIENCE, give_way))
        return give_way


class Arrivals:
    """Tells operators when the bots that a worker has taken on are all at work: compared with the exchange, once."""

    def __init__(self) -> None:
        self._awaited: set[UUID] = set()
        self._arrived = 0
        self._began = 0.0

    def taken(self, bot_id: UUID) -> Callable[[], None]:
        """Another one; the answer says that it is at work."""
        if not self._awaited:
            self._arrived, self._began = 0, time.monotonic()
        self._awaited.add(bot_id)
        return partial(self._at_work, bot_id)

    def _at_work(self, bot_id: UUID) -> None:
        self._arrived += bot_id in self._awaited
        self.gone(bot_id)

    def gone(self, bot_id: UUID) -> None:
        """It works, or it has ended before it did."""
        if bot_id not in self._awaited:
            return
        self._awaited.discard(bot_id)
        if not self._awaited and self._arrived:
            seconds = round(time.monotonic() - self._began, 1)
            logger.info("bots_at_work", extra={"bots": self._arrived, "seconds": seconds})
