"""So many bots of a worker start at a time: a thousand that all recover at once would keep each other, and those at
work, waiting until the exchange refuses their orders as too late."""

import asyncio
from collections.abc import Callable

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
