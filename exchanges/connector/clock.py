"""The exchange's clock, measured: signatures carry its time, not ours."""

import asyncio
import time
from collections.abc import Awaitable, Callable

SAMPLES = 3


class ExchangeClock:
    """Counts on from the last measurement by the monotonic clock, so that a step of the machine's own clock
    does not matter."""

    def __init__(self, ask: Callable[[], Awaitable[int]]) -> None:
        """`ask` returns the exchange's time in ms."""
        self._ask = ask
        self._base_ms = 0.0  # the exchange's time at monotonic zero
        self._measured = False
        self._lock = asyncio.Lock()

    def now(self) -> int:
        """The exchange's time in ms; the machine's own until it was first measured."""
        if not self._measured:
            return int(time.time() * 1000)
        return int(self._base_ms + time.monotonic() * 1000)

    async def ready(self) -> None:
        """Measures at first use; after that the market cache does so hourly, beside the requests."""
        if not self._measured:
            await self.measure()

    async def measure(self) -> None:
        """Takes the sample with the shortest round trip. Callers who come meanwhile share the result."""
        if self._lock.locked():
            async with self._lock:
                return
        async with self._lock:
            samples = [await self._sample() for _ in range(SAMPLES)]
            _, self._base_ms = min(samples)
            self._measured = True

    async def _sample(self) -> tuple[float, float]:
        start = time.monotonic()
        exchange_ms = await self._ask()
        end = time.monotonic()
        return end - start, exchange_ms - (start + end) / 2 * 1000
