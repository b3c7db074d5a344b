"""Database work of an asyncio process: in a few threads, whose connections go back when the work is done."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")

_THREADS = ThreadPoolExecutor(3, thread_name_prefix="marketdata-db")


async def in_database(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    job = partial(_with_fresh_connection, partial(work, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_THREADS, job)


def _with_fresh_connection(job: Callable[[], R]) -> R:
    close_old_connections()
    try:
        return job()
    finally:
        close_old_connections()
