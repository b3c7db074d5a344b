"""The audit trail of what was refused. Whoever floods us fills a minute's share of it, not the disk."""

import logging
from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone
from redis import RedisError

from accounts.models import User
from telegram_bot.models import Refusal

logger = logging.getLogger(__name__)
A_MINUTE = 60  # refusals of one kind that are kept
KEPT = timedelta(days=90)


def refused(kind: str, *, chat_id: int | None = None, user: User | None = None, detail: str = "") -> None:
    logger.warning("telegram_refused", extra={"kind": kind, "chat": chat_id, "detail": detail})
    now = timezone.now()
    if _has_room(f"telegram:refused:{kind}:{now:%H%M}"):
        Refusal.objects.create(kind=kind, chat_id=chat_id, user=user, detail=detail[:200], time=now)


def _has_room(key: str) -> bool:
    """Without Redis nobody counts: the log has it."""
    try:
        cache.add(key, 0, 120)
        return cache.incr(key) <= A_MINUTE
    except (RedisError, ValueError):  # the minute ended between the two
        return False


def forget_old() -> None:
    Refusal.objects.filter(time__lt=timezone.now() - KEPT).delete()
