"""Updates from their arrival until they are handled: kept in Redis, so that the service may die at any moment. One
service works on them."""

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import cache as once
from typing import Any, cast

import redis
from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)
WAITING, IN_WORK = "telegram:updates", "telegram:updates:in-work"
MOST_WAITING = 10_000
WAIT_SECONDS = 0.3  # for the next: a stop is not heard of meanwhile
REMEMBERED = 86_400  # seconds; Telegram keeps updates that long


@dataclass(frozen=True, slots=True)
class Taken:
    """`raw` is what is kept of it; empty where nothing is."""

    update: dict[str, Any]
    raw: bytes = b""


@once
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)


def keep(update: dict[str, Any]) -> bool:
    """False where it cannot be kept now."""
    try:
        if _redis().llen(WAITING) >= MOST_WAITING:
            return False
        _redis().rpush(WAITING, json.dumps(update))
    except redis.RedisError:
        return False
    return True


def take(seconds: float = WAIT_SECONDS) -> Taken | None:
    """The oldest that waits, which is in work now; None where none came within that time. Raises RedisError."""
    found = _redis().blmove(WAITING, IN_WORK, seconds, "LEFT", "RIGHT")  # type: ignore[arg-type]  # fractions are fine
    raw = cast("bytes | None", found)
    return None if raw is None else Taken(dict(json.loads(raw)), raw)


def done(taken: Taken) -> None:
    if taken.raw:
        with suppress(redis.RedisError):
            _redis().lrem(IN_WORK, 1, cast(str, taken.raw))


def is_new(update_id: int) -> bool:
    """Whether it comes for the first time. Without Redis it counts as such: questions work once by themselves, and the
    kill switch has to work."""
    try:
        return cache.add(_seen(update_id), 1, REMEMBERED)
    except redis.RedisError:
        return True


def resume() -> None:
    """What a service that died had in work comes first, once more. What is in work again when the next one dies may be
    what kills them, and is given up. Raises RedisError."""
    for raw in reversed(cast("list[bytes]", _redis().lrange(IN_WORK, 0, -1))):
        number = json.loads(raw)["update_id"]
        with _redis().pipeline() as both:
            both.lrem(IN_WORK, 1, cast(str, raw))
            if cache.add(f"telegram:again:{number}", 1, REMEMBERED):
                both.lpush(WAITING, raw)
                cache.delete(_seen(number))
            else:
                logger.error("telegram_update_given_up", extra={"update": number})
            both.execute()


def _seen(update_id: int) -> str:
    return f"telegram:update:{update_id}"
