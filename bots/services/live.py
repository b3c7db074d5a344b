"""Tells a user's open pages what moves.

Every event gets the user's next sequence number when it is published, so that all sockets of a user count
alike and a gap shows. Events are hints: a page that missed one asks for a snapshot, so that losing Redis
loses nothing. `type` is pnl, order, fill, bot or price; `bot_id` names the bot (price: `exchange`, `symbol`).
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast
from uuid import UUID

import orjson
import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings

logger = logging.getLogger(__name__)
WATCH_SECONDS = 15
Event = dict[str, Any]
SOCKET_SECONDS = 30  # a socket whose process died counts no longer than that


def group_of(user_id: UUID) -> str:
    return f"user.{user_id.hex}"


def watching_key(user_id: UUID) -> str:
    """Exists while a socket of the user is open: who computes live PnL looks here first."""
    return f"watching:{user_id.hex}"


def sequence_key(user_id: UUID) -> str:
    return f"live:seq:{user_id.hex}"


def plain(value: Any) -> Any:
    """What a message may hold: decimals as strings without exponent, ids and times as the API writes them."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)


def current_sequence(user_id: UUID) -> int:
    return int(cast("bytes | None", _redis().get(sequence_key(user_id))) or 0)


def watch(user_id: UUID) -> None:
    """Says for the next seconds that a page of this user is open."""
    _redis().set(watching_key(user_id), 1, ex=WATCH_SECONDS)


def sockets_key(user_id: UUID) -> str:
    """The open sockets of a user, each with the time until which it counts."""
    return f"sockets:{user_id.hex}"


def enter(user_id: UUID, socket: str) -> bool:
    """Whether the user may open one more socket; it counts until `leave`, or as long as `stay` is called. Without
    Redis nothing is counted."""
    with _harmless():
        key, now = sockets_key(user_id), time.time()
        pipe = _redis().pipeline()
        pipe.zremrangebyscore(key, "-inf", now)
        pipe.zadd(key, {socket: now + SOCKET_SECONDS})
        pipe.expire(key, SOCKET_SECONDS)
        pipe.zcard(key)
        if pipe.execute()[-1] <= settings.AUTOGRID_MOST_SOCKETS_PER_USER:
            return True
        _redis().zrem(key, socket)
        return False
    return True


def stay(user_id: UUID, socket: str) -> None:
    """Says for the next seconds that this socket is open, and with it a page of the user. Without Redis the socket
    waits for it to come back."""
    with _harmless():
        pipe = _redis().pipeline()
        pipe.set(watching_key(user_id), 1, ex=WATCH_SECONDS)
        pipe.zadd(sockets_key(user_id), {socket: time.time() + SOCKET_SECONDS})
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
        for message in _messages({user_id: [event]}).values():
            async_to_sync(get_channel_layer().group_send)(group_of(user_id), message)


async def apublish(events: Mapping[UUID, Sequence[Event]]) -> None:
    """Those of many users, each user's in one message. Never raises."""
    with _harmless():
        messages = await asyncio.to_thread(_messages, events)
        for user_id, message in messages.items():
            await get_channel_layer().group_send(group_of(user_id), message)


def _messages(events: Mapping[UUID, Sequence[Event]]) -> dict[UUID, dict[str, Any]]:
    """Numbered in one round trip, and written once however many sockets send them."""
    pipe = _redis().pipeline(transaction=False)
    for user_id, told in events.items():
        pipe.incrby(sequence_key(user_id), len(told))
    return {
        user_id: _message(events[user_id], last) for user_id, last in zip(events, pipe.execute(), strict=True)
    }


def _message(told: Sequence[Event], last: int) -> dict[str, Any]:
    first = last - len(told) + 1
    texts = [
        orjson.dumps({**plain(event), "seq": number}).decode() for number, event in enumerate(told, first)
    ]
    return {"type": "live.events", "seq": last, "texts": texts}


@contextmanager
def _harmless() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError):
        logger.warning("live_event_lost", exc_info=True)
