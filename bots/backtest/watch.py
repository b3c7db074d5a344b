"""Between a job and its row: says how far it is, and hears whether it should end."""

import logging
import threading
import time
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from bots.models import Backtest, BacktestStatus

logger = logging.getLogger(__name__)
BEAT = 0.5  # seconds
SILENT = timedelta(seconds=30)  # who says nothing for so long is taken for dead
closing = threading.Event()  # this process ends: what runs is left to the next


class Stopped(Exception):
    """The job was cancelled, or its process ends."""


class Watch:
    """A thread of its own writes the row every half second, so that a long computation need not, and shows thereby
    that its process lives. A row that is no longer this worker's ends the job."""

    def __init__(self, row: Backtest) -> None:
        self._row, self._progress, self._doing = row, row.progress, row.doing
        self._lost, self._over = threading.Event(), threading.Event()
        self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._beats, name="backtest-watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def tell(self, progress: float, doing: str) -> None:
        """Progress never falls, not even where a job begins again."""
        self._progress, self._doing = max(self._progress, min(progress, 1.0)), doing

    def should_stop(self) -> bool:
        return self._lost.is_set() or closing.is_set()

    def check(self) -> None:
        """Raises Stopped."""
        if self.should_stop():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Raises Stopped within a second."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            self._lost.wait(min(BEAT, seconds))

    def write(self, **changes: Any) -> bool:
        """Changes the row where it still is this worker's. Whether it was."""
        return bool(_own(self._row).update(**changes))

    def end(self, status: BacktestStatus, **changes: Any) -> bool:
        return self.write(status=status, doing="", finished_at=Now(), **changes)

    def _beats(self) -> None:
        try:
            while not self._over.wait(BEAT) and not self._lost.is_set():
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        try:
            known = self.write(progress=self._progress, doing=self._doing[:300], seen_at=Now())
        except DatabaseError:
            logger.warning("backtest_watch_failed")
            connection.close()
            known = time.monotonic() < self._heard + SILENT.total_seconds() / 2
        else:
            self._heard = time.monotonic()
        if not known:
            self._lost.set()


def _own(row: Backtest) -> QuerySet[Backtest]:
    return Backtest.objects.filter(pk=row.pk, token=row.token, status=BacktestStatus.RUNNING)
