"""Threads that drain the outbox, two for each channel in a process: no channel waits for another, and one whose server
hangs takes no place from other tasks."""

import logging
from collections import Counter
from threading import Event, Lock, Thread

from django.db import connection

from bots.services import claiming, deliveries

logger = logging.getLogger(__name__)
MOST = 2
NAME = "notices"  # of the threads

_lock = Lock()
_at_work: Counter[str] = Counter()
_again: set[str] = set()  # channels of which something came due while all were at work
_closing = Event()


def wake() -> None:
    """Sees to all that is due, in the background."""
    for channel in claiming.due_channels():
        if _begins(channel):
            Thread(target=_work, args=(channel,), name=NAME).start()


def close() -> None:
    """The message in hand is the last of each thread; the process waits for those at its end."""
    _closing.set()


def _begins(channel: str) -> bool:
    with _lock:
        if _at_work[channel] == MOST or _closing.is_set():
            _again.add(channel)
            return False
        _at_work[channel] += 1
        return True


def _work(channel: str) -> None:
    while True:
        try:
            deliveries.drain(channel, closing=_closing)
        except Exception:
            logger.exception("notices_not_drained", extra={"channel": channel})  # beat wakes again
        finally:
            connection.close()
        if _ends(channel):
            return


def _ends(channel: str) -> bool:
    """Unless something came due after the last look."""
    with _lock:
        if channel in _again and not _closing.is_set():
            _again.remove(channel)
            return False
        _at_work[channel] -= 1
        return True
