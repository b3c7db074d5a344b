"""A worker process's sign of life, in a thread and on a connection of its own."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

import psycopg
from django.db.models.functions import Now

from accounts.waiting import direct_connection
from bots.models import Worker
from bots.runtime.leases import LOCK_CLASS, TTL

logger = logging.getLogger(__name__)
BEAT = 1.0  # seconds


class Heartbeat:
    """Holds the advisory lock and beats once a second. `on_lost` is called once, from the heartbeat's thread, when
    the connection breaks: the process must stop trading until it has a new heartbeat."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._stop = threading.Event()
        self._last = 0.0
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.worker: Worker

    def start(self) -> None:
        """Takes the lock, then writes the row. Raises psycopg.OperationalError without a database."""
        lock_key = secrets.randbelow(2**31 - 1)
        self._connection = direct_connection(tcp_user_timeout=5000)
        self._connection.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, lock_key])
        self.worker = Worker.objects.create(
            name=f"{socket.gethostname()}:{os.getpid()}", lock_key=lock_key, heartbeat_at=Now()
        )
        self._last = time.monotonic()
        self._thread.start()

    def is_fresh(self, margin: float) -> bool:
        """Whether the lease is sure to last `margin` seconds more."""
        return not self._stop.is_set() and time.monotonic() - self._last < TTL - margin

    def _beat(self) -> None:
        assert self._connection is not None  # noqa: S101 - start has set it
        while not self._stop.wait(BEAT):
            began = time.monotonic()
            try:
                cursor = self._connection.execute(
                    "UPDATE workers SET heartbeat_at = now() WHERE id = %s", [self.worker.pk]
                )
            except psycopg.Error:
                logger.exception("heartbeat_lost")
                return self._lose()
            if cursor.rowcount == 0:
                logger.error("heartbeat_buried")  # another worker took us for dead
                return self._lose()
            self._last = began
        return None

    def _lose(self) -> None:
        if not self._stop.is_set():  # else it was ended meanwhile, in order
            self._stop.set()
            self._on_lost()

    def stop(self) -> None:
        """Ends the beat and frees the lock."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)
        if self._connection is not None:
            self._connection.close()
