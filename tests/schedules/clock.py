"""Virtual time: an event loop whose clock jumps to the next timer when nothing is left to run, and a program that
reads no other clock. Threads do not exist: what would go to one is done at once."""

import asyncio
import random
import selectors
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.utils import timezone

EPOCH = 1_767_600_000  # 2026-01-05 08:00 UTC
START = 1_000.0  # of the loop's own clock, in seconds


class Stuck(Exception):
    """Nothing will ever happen again: no timer runs, and nobody is ready."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """`gate(work)` runs what a program would give to a thread; without one it is run at once."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(_Selector(self))
        self.gate: Callable[[Callable[[], Any]], Any] | None = None

    def time(self) -> float:
        return self.now

    def milliseconds(self) -> int:
        return round((EPOCH + self.now - START) * 1000)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        work = lambda: func(*args)  # noqa: E731
        if self.gate is not None:
            return self.gate(work)
        found = self.create_future()
        try:
            found.set_result(work())
        except Exception as error:  # noqa: BLE001 - as an executor does
            found.set_exception(error)
        return found


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise Stuck
            self._loop.now += max(timeout, 0)
        return ready


@contextmanager
def virtual_time(seed: int) -> Iterator[VirtualLoop]:
    """A loop, and for all modules its clock, and chance that the seed decides."""
    loop, dice = VirtualLoop(), random.Random(seed)
    state = random.getstate()
    random.seed(seed)
    random_bytes = SimpleNamespace(urandom=dice.randbytes)

    def wall() -> float:
        return EPOCH + loop.now - START

    patches = (
        patch.object(time, "time", wall),
        patch.object(time, "monotonic", loop.time),
        patch.object(time, "time_ns", lambda: int(wall() * 1000) * 1_000_000),
        patch.object(timezone, "now", lambda: datetime.fromtimestamp(wall(), UTC)),
        patch.object(uuid, "os", random_bytes),
    )
    try:
        for each in patches:
            each.start()
        yield loop
    finally:
        for each in reversed(patches):
            each.stop()
        random.setstate(state)
        loop.close()
