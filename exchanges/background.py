"""An event loop in a thread, for synchronous code that has to ask an exchange: one per process, made at first
use, again after a fork."""

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeVar

from accounts.waiting import release_database
from bots.core.ports import ExchangeUnavailable
from exchanges.hub import close_hub

T = TypeVar("T")

CLOSE_SECONDS = 5.0


class _Background:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name="exchanges", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def close(self) -> None:
        async def finish() -> None:
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await close_hub()

        asyncio.run_coroutine_threadsafe(finish(), self.loop).result(CLOSE_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(CLOSE_SECONDS)
        self.loop.close()


_lock = threading.Lock()
_background: _Background | None = None


def run(ask: Callable[[], Awaitable[T]], seconds: float) -> T:
    """The result of `ask()`, awaited on the background loop. Raises ExchangeUnavailable after `seconds`.

    The database connection is given back meanwhile, so that a slow exchange does not stop the whole site.
    """

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await ask()

    release_database()
    future = asyncio.run_coroutine_threadsafe(bounded(), _current().loop)
    try:
        return future.result(seconds + 1)
    except (TimeoutError, FutureTimeout):
        future.cancel()
    raise ExchangeUnavailable("The exchange did not answer in time.", "timeout")


def close() -> None:
    """Ends the loop and its connections; the next `run` makes a new one."""
    global _background
    with _lock:
        found, _background = _background, None
    if found is not None and found.pid == os.getpid():
        found.close()


def _current() -> _Background:
    global _background  # noqa: PLW0603
    with _lock:
        # A forked child has the parent's object but not its thread.
        if _background is None or _background.pid != os.getpid():
            _background = _Background()
        return _background


def _forget_lock() -> None:
    global _lock  # noqa: PLW0603 - another thread may have held it at the fork
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_lock)
atexit.register(close)
