"""All database work of a worker's bots: short synchronous transactions in one bounded pool of threads."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
T = TypeVar("T")
THREADS = 8
RESTED = 5.0  # seconds after which a connection is looked at before it is used again


class Database:
    """Each thread keeps its connection: to take one from the pool, look at it and give it back would cost more than
    most of the work. What failed closes it, and one that has rested is looked at first."""

    def __init__(self, threads: int = THREADS) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._own = threading.local()
        self._opened: list[BaseDatabaseWrapper] = []

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the work in a thread and answers what it returns. A cancelled caller does not stop it half-way:
        a transaction that has begun ends by itself."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(self._in_thread, work, *args, **kwargs))

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
        for opened in self._opened:
            opened.inc_thread_sharing()  # its thread has ended
            opened.close()

    def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        used = getattr(self._own, "used", None)
        if used is None:
            self._opened.append(connections["default"])
        elif time.monotonic() - used > RESTED:
            connection.close_if_unusable_or_obsolete()
        try:
            return work(*args, **kwargs)
        except BaseException:
            connection.close()
            raise
        finally:
            self._own.used = time.monotonic()
