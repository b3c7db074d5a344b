"""A bots worker that kills itself: `python -m tests.crash.worker --kill-at after_intend:3`.

The product knows nothing of it: store and connector are wrapped from outside before Celery starts."""

import argparse
import functools
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import django

IN_FLIGHT = 0.004  # seconds after which a request has left and its answer has not come


class Fuse:
    """Kills this process at the n-th passing of its point."""

    def __init__(self, label: str, count: int) -> None:
        self.label, self._left = label, count
        self._lock = threading.Lock()

    def burn(self, label: str) -> None:
        if label != self.label:
            return
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, label: str, fuse: Fuse) -> None:
    """Points before and after an async method."""
    work = getattr(owner, name)

    @functools.wraps(work)
    async def lethal(*args: Any, **kwargs: Any) -> Any:
        fuse.burn(f"before_{label}")
        found = await work(*args, **kwargs)
        fuse.burn(f"after_{label}")
        return found

    setattr(owner, name, lethal)


def in_flight(connector: Any, fuse: Fuse) -> None:
    """A point between a request and its answer."""
    create = connector.create_order

    async def lethal(*args: Any, **kwargs: Any) -> Any:
        threading.Timer(IN_FLIGHT, fuse.burn, ["in_flight"]).start()
        return await create(*args, **kwargs)

    connector.create_order = lethal


def mid_ingest(module: Any, fuse: Fuse) -> None:
    """A point within the transaction that books a fill."""
    settled: Callable[..., Any] = module.settled

    def lethal(*args: Any, **kwargs: Any) -> Any:
        fuse.burn("mid_ingest")
        return settled(*args, **kwargs)

    module.settled = lethal


def arm(fuse: Fuse) -> None:
    from bots.runtime import recovery
    from bots.runtime.store import DatabaseStore
    from bots.services import booking
    from exchanges.connector.binance.rest import BinanceConnector

    for name in ("intend", "mark_sent", "record", "ingest"):
        around(DatabaseStore, name, name, fuse)
    around(BinanceConnector, "create_order", "send", fuse)
    around(BinanceConnector, "cancel_order", "cancel", fuse)
    around(BinanceConnector, "open_orders", "comparison", fuse)
    around(recovery.Recovery, "run", "recovery", fuse)
    in_flight(BinanceConnector, fuse)
    mid_ingest(booking, fuse)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kill-at", default="never:1")
    parser.add_argument("--name", default="bots")
    chosen = parser.parse_args()
    django.setup()
    label, _, count = chosen.kill_at.partition(":")
    arm(Fuse(label, int(count)))
    from autogrid_project.celery import app

    options = ["-Q", "bots", "-n", f"{chosen.name}@%h", "--pool", "threads", "--concurrency", "16"]
    app.worker_main(["worker", *options, "--without-gossip", "--without-mingle", "--without-heartbeat"])


if __name__ == "__main__":
    main()
