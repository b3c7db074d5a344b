"""How fast Telegram may be written to, over all processes: 30 messages a second over all, one a second to each chat.

Both are kept in Redis. A chat is held while a message is on its way and for a second after the answer, so that the wire
sees the same distance as we do; over all we keep to 25, which leaves room for messages that a slow network bunches.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import redis
from django.conf import settings

from exchanges.limiter import PAUSE, TAKE

PER_SECOND = 25
CHAT_SECONDS = 1.05  # their clock is not ours
LONGEST_SEND_MS = 30_000  # longer than any time-out: a process that died frees its chat after this
LONGEST_WAIT = 60.0
SLOT_MS, SLOTS = 50, 20  # a window of a second
OVERALL = "telegram:overall"


class Busy(Exception):
    """The chat, or Telegram, may be written to in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds:.1f} s")
        self.seconds = seconds


class Unknown(Busy):
    """Redis is out of reach: nobody knows what others send."""


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)


@contextmanager
def turn(chat_id: int, patience: float = 30.0) -> Iterator[None]:
    """One message to this chat may be sent in the block. Waits up to `patience` seconds for the chat, then for the
    limit over all. Raises Busy, before the block."""
    with _answering():
        _hold_chat(chat_id, time.monotonic() + patience)
    try:
        _wait_for_all()
        yield
    finally:
        with suppress(redis.RedisError):  # what was sent was sent
            hold(chat_id, CHAT_SECONDS)
            _redis().delete(_on_its_way(chat_id))


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except redis.RedisError:
        raise Unknown(5.0) from None


def hold(chat_id: int, seconds: float) -> None:
    """Nobody writes to this chat before that."""
    _redis().eval(PAUSE, 1, _pause(chat_id), int(seconds * 1000))


def _hold_chat(chat_id: int, deadline: float) -> None:
    while (wait := _try_chat(chat_id)) > 0:
        if time.monotonic() + wait > deadline:
            raise Busy(wait)
        time.sleep(wait)


def _try_chat(chat_id: int) -> float:
    """Seconds to wait; 0: the chat is ours. It is taken first and looked at then: who leaves it puts the pause before
    he frees it."""
    key = _on_its_way(chat_id)
    if not _redis().set(key, 1, nx=True, px=LONGEST_SEND_MS):
        return 0.05
    left: Any = _redis().pttl(_pause(chat_id))
    if left <= 0:
        return 0.0
    _redis().delete(key)
    return left / 1000


def _wait_for_all() -> None:
    deadline = time.monotonic() + LONGEST_WAIT
    while (wait := _take()) > 0:
        if time.monotonic() + wait > deadline:
            raise Busy(wait)
        time.sleep(wait)


def _take() -> float:
    window = (1, PER_SECOND, SLOT_MS, SLOTS)
    with _answering():
        wait: Any = _redis().eval(TAKE, 1, OVERALL, 1, *window)
    return int(wait) / 1000


def _on_its_way(chat_id: int) -> str:
    return f"telegram:chat:{chat_id}:busy"


def _pause(chat_id: int) -> str:
    return f"telegram:chat:{chat_id}:pause"
