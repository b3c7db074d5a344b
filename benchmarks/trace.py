"""Where the time of a fill goes: a worker started with `-I benchmarks.trace` has the runtime's steps wrapped from
outside and writes their durations (count, median, p90, p99, worst in ms) to $AUTOGRID_HOME/trace.json."""

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from celery.signals import worker_init

from benchmarks.report import percentile

EVERY = 5.0  # seconds between two writes
HOME = Path(os.environ["AUTOGRID_HOME"])
RESET = HOME / "trace.reset"  # whoever makes it has everything counted anew
times: dict[str, list[float]] = defaultdict(list)


@worker_init.connect
def install(**_: Any) -> None:
    from bots.core.engine import BotEngine
    from bots.runtime.database import Database
    from bots.runtime.inbox import Inbox
    from exchanges.connector.binance.rest import BinanceConnector
    from exchanges.connector.binance.stream import BinanceAccountStream
    from exchanges.limiter import SharedLimiter

    for owner, name in (
        (SharedLimiter, "acquire"),
        (BinanceConnector, "create_order"),
        (BotEngine, "on_fill"),
    ):
        setattr(owner, name, _timed(f"{owner.__name__}.{name}", getattr(owner, name)))
    _wrap_database(Database)
    _wrap_stream(BinanceAccountStream)
    _wrap_inbox(Inbox)
    threading.Thread(target=_write, daemon=True).start()


def _timed(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    async def run(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return await work(*args, **kwargs)
        finally:
            times[name].append((time.perf_counter() - began) * 1000)

    return run


def _wrap_database(database: Any) -> None:
    plain = database.run

    async def run(self: Any, work: Any, *args: Any, **kwargs: Any) -> Any:
        marks: list[float] = []

        def inside(*args: Any, **kwargs: Any) -> Any:
            marks.extend((time.perf_counter(), time.thread_time()))
            try:
                return work(*args, **kwargs)
            finally:
                marks.extend((time.perf_counter(), time.thread_time()))

        asked = time.perf_counter()
        try:
            return await plain(self, inside, *args, **kwargs)
        finally:
            if len(marks) == 4:
                name = getattr(work, "__name__", "?")
                times["database: wait for a thread"].append((marks[0] - asked) * 1000)
                times[f"database: {name}"].append((marks[2] - marks[0]) * 1000)
                times[f"database: {name}, CPU"].append((marks[3] - marks[1]) * 1000)
                times["database: wait for the loop"].append((time.perf_counter() - marks[2]) * 1000)

    database.run = run


def _wrap_stream(stream: Any) -> None:
    plain = stream._take

    def take(self: Any, message: Any, on_event: Any) -> None:
        event = message.get("event", {})
        if event.get("x") == "TRADE":
            times["from the trade to its frame"].append(time.time() * 1000 - event["T"])
        plain(self, message, on_event)

    stream._take = take


def _wrap_inbox(inbox: Any) -> None:
    plain_put, plain_next = inbox.put, inbox.next
    arrived: dict[int, float] = {}

    def put(self: Any, event: Any) -> None:
        arrived[id(event)] = time.perf_counter()
        plain_put(self, event)

    async def following(self: Any, patience: float) -> Any:
        event = await plain_next(self, patience)
        if id(event) in arrived:
            waited = (time.perf_counter() - arrived.pop(id(event))) * 1000
            times[f"inbox: {type(event).__name__}"].append(waited)
        return event

    inbox.put, inbox.next = put, following


def _write() -> None:
    while True:
        time.sleep(EVERY)
        if RESET.exists():
            RESET.unlink()
            times.clear()
        figures = {
            name: [len(found), *(round(percentile(found, share), 1) for share in (0.5, 0.9, 0.99, 1))]
            for name, found in sorted(times.items())
        }
        (HOME / "trace.json").write_text(json.dumps(figures, indent=1))
