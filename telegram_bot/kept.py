"""Messengers that are kept between batches: a new one costs the certificates' loading and a handshake, which is most of
the time that a notice takes on an idle system."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from telegram_bot.messenger import Messenger

_idle: "dict[tuple[str, str], list[Messenger]]" = {}  # by Telegram's address and the token
_lock = Lock()


@contextmanager
def borrowed() -> "Iterator[Messenger]":
    """One that nobody else uses meanwhile; as many are made as are used at once."""
    where = settings.AUTOGRID_TELEGRAM_API, settings.AUTOGRID_TELEGRAM_TOKEN
    messenger = _take(where)
    try:
        yield messenger
    finally:
        with _lock:
            _idle.setdefault(where, []).append(messenger)


def _take(where: tuple[str, str]) -> "Messenger":
    with _lock:
        if waiting := _idle.get(where):
            return waiting.pop()
    from telegram_bot.messenger import Messenger  # the library is large: loaded by who sends

    return Messenger()


@atexit.register
def close() -> None:
    with _lock:
        while _idle:
            for messenger in _idle.popitem()[1]:
                messenger.__exit__(None, None, None)
