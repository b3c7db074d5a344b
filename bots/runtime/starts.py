"""So many bots of a worker start at a time: a thousand that all recover at once would keep each other, and those at
work, waiting until the exchange refuses their orders as too late."""

import asyncio
from collections.abc import Callable

AT_ONCE = 16
PATIENCE = 15.0  # seconds after which one that has not started yet holds up no other
CROWD = 3  # claimed at once: more of them are on their way
QUIET = 0.3  # seconds without a further crowd after which those that came begin
LONGEST = 10.0  # seconds that they wait for it


class Starts:
    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)
        self._quiet_at = 0.0
        self._waiting = 0
        self._closed = False

    def close(self) -> None:
        """The worker ends: nobody starts any more, so nobody need wait to be told."""
        self._closed = True
        for _ in range(self._waiting):
            self._room.release()

    def claimed(self, bots: int) -> None:
        """So many were claimed in one go. To take over all comes first: a bot without a worker is worse off than one
        that starts a little later, and starts leave the process little time for anything else."""
        if bots > CROWD:
            self._quiet_at = asyncio.get_running_loop().time() + QUIET

    async def turn(self) -> Callable[[], None]:
        """Waits for a place; the answer gives it free, and does no more when called again."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + LONGEST
        while not self._closed and (wait := min(self._quiet_at, latest) - loop.time()) > 0:  # noqa: ASYNC110 - time is what is waited for
            await asyncio.sleep(wait)
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

        held.append(loop.call_later(PATIENCE, give_way))
        return give_way
