"""Tells a user's open pages what moves.

Every event gets the user's next sequence number when it is published, so that all sockets of a user count
alike and a gap shows. Events are hints: a page that missed one asks for a snapshot, so that losing Redis
loses nothing. `type` is pnl, order, fill, bot or price; `bot_id` names the bot (price: `exchange`, `symbol`).

All events go over one channel of Redis, read once by each web process (`hub.py`), which hands them to its sockets.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any, cast
from uuid import UUID

import orjson
import redis
from django.conf import settings
from redis.connection import parse_url

logger = logging.getLogger(__name__)
WATCH_SECONDS = 15
Event = dict[str, Any]
SOCKET_SECONDS = 30  # a socket whose process died counts no longer than that
# Numbers events and tells them in one step: told apart, one number could overtake another, which pages take for a gap.
# ARGV: the channel, then of each user: key of the numbers, id, how many events, those events.
TELL = r"""
local lines, i = {}, 2
while i <= #ARGV do
  local count = tonumber(ARGV[i + 2])
  lines[#lines + 1] = ARGV[i + 1] .. ' ' .. count .. ' ' .. redis.call('INCRBY', ARGV[i], count)
  for n = i + 3, i + 2 + count do lines[#lines + 1] = ARGV[n] end
  i = i + 3 + count
end
redis.call('PUBLISH', ARGV[1], table.concat(lines, '\n'))
"""


@dataclass(frozen=True)
class Told:
    """Events of one user as sockets send them; `last` is the number of the last one."""

    user: str  # hex
    last: int
    texts: list[str]


@cache
def channel(url: str) -> str:
    """Names the Redis database, because pub/sub does not keep databases apart."""
    return f"live:{parse_url(url).get('db', 0)}"


def watching_key(user_id: UUID) -> str:
    """Exists while a socket of the user is open: who computes live PnL looks here first."""
    return f"watching:{user_id.hex}"


def sequence_key(user_id: UUID) -> str:
    return f"live:seq:{user_id.hex}"


def text(value: Any) -> str:
    """As a message holds it: decimals as strings without exponent, ids and times as the API writes them."""
    return orjson.dumps(value, default=_shown, option=orjson.OPT_UTC_Z).decode()


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"No message holds a {type(value).__name__}.")


def unnumbered(event: Event) -> str:
    """An event as text up to its number: `numbered` adds that."""
    return text(event)[:-1]


def numbered(begun: str, number: int) -> str:
    return f'{begun},"seq":{number}}}'


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)


def current_sequence(user_id: UUID) -> int:
    return int(cast("bytes | None", _redis().get(sequence_key(user_id))) or 0)


def sockets_key(user_id: UUID) -> str:
    """The open sockets of a user, each with the time until which it counts."""
    return f"sockets:{user_id.hex}"


def enter(user_id: UUID, socket: str) -> bool:
    """Whether the user may open one more socket; it counts until `leave`, or as long as `stay` is called, and so
    does the sign that a page of this user is open. Without Redis nothing is counted."""
    with _harmless():
        key, now = sockets_key(user_id), time.time()
        pipe = _redis().pipeline()
        pipe.set(watching_key(user_id), 1, ex=WATCH_SECONDS)
        pipe.zremrangebyscore(key, "-inf", now)
        pipe.zadd(key, {socket: now + SOCKET_SECONDS})
        pipe.expire(key, SOCKET_SECONDS)
        pipe.zcard(key)
        if pipe.execute()[-1] <= settings.AUTOGRID_MOST_SOCKETS_PER_USER:
            return True
        _redis().zrem(key, socket)
        return False
    return True


def stay(sockets: Iterable[tuple[UUID, str]]) -> None:
    """Says for the next seconds that these sockets are open, and with each a page of its user. Without Redis they
    wait for it to come back."""
    with _harmless():
        pipe, until = _redis().pipeline(transaction=False), time.time() + SOCKET_SECONDS
        for user_id, socket in sockets:
            pipe.set(watching_key(user_id), 1, ex=WATCH_SECONDS)
            pipe.zadd(sockets_key(user_id), {socket: until})
            pipe.expire(sockets_key(user_id), SOCKET_SECONDS)
        pipe.execute()


def leave(user_id: UUID, socket: str) -> None:
    with _harmless():
        _redis().zrem(sockets_key(user_id), socket)


def is_watched(user_id: UUID) -> bool:
    return bool(_redis().exists(watching_key(user_id)))


def watched(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of these users who have a page open; none without Redis."""
    with _harmless():
        users = list(user_ids)
        found = cast("list[bytes | None]", _redis().mget([watching_key(user_id) for user_id in users]))
        return {user_id for user_id, value in zip(users, found, strict=True) if value is not None}
    return set()


def publish(user_id: UUID, event: Event) -> None:
    """For synchronous callers, on commit. Never raises: no trade depends on a page."""
    with _harmless():
        _tell({user_id: [event]})


async def apublish(events: Mapping[UUID, Sequence[Event]]) -> None:
    """Those of many users in one message. Never raises."""
    with _harmless():
        if events:
            await asyncio.to_thread(_tell, events)


def _tell(events: Mapping[UUID, Sequence[Event]]) -> None:
    """Written once however many sockets send them."""
    told: list[str | int] = []
    for user_id, own in events.items():
        told += [sequence_key(user_id), user_id.hex, len(own), *map(unnumbered, own)]
    _redis().eval(TELL, 0, channel(settings.REDIS_URL), *told)


def told_in(message: bytes) -> Iterator[Told]:
    """What `_tell` told. Raises ValueError for anything else."""
    lines = iter(message.decode().split("\n"))
    for line in lines:
        user, count, last = line.split(" ")
        first = int(last) - int(count) + 1
        texts = [numbered(begun, first + n) for n, begun in enumerate(islice(lines, int(count)))]
        yield Told(user, int(last), texts)


@contextmanager
def _harmless() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError):
        logger.warning("live_event_lost", exc_info=True)
