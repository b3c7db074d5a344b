"""Requests a minute, counted in Redis: per user, per address, and more strictly where passwords and codes are tried."""

import logging
import time
from typing import TYPE_CHECKING, ClassVar

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from accounts.client import client_ip

if TYPE_CHECKING:
    from rest_framework.views import APIView

log = logging.getLogger(__name__)


class MinuteThrottle(BaseThrottle):
    """Counts in windows of the clock, a minute long as a rule: exact under concurrency, one number a caller."""

    scope: ClassVar[str]
    window: ClassVar[int] = 60  # seconds

    def ident(self, request: Request) -> str | None:
        """Whom to count; None where this throttle does not apply."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: "APIView") -> bool:
        ident = self.ident(request)
        if ident is None:
            return True
        return self.counts(ident)

    @classmethod
    def counts(cls, ident: str) -> bool:
        """Counts one more of `ident`; False where that is one too many for this window."""
        try:
            return _count(cls._key(ident), cls.window) <= cls._rate()
        except RedisError:
            # Without Redis the bots trade on: their owner must still be able to stop them.
            log.warning("Throttling is off: the cache does not answer.")
            return True

    @classmethod
    def is_spent(cls, ident: str) -> bool:
        """Whether one more would be too many; counts nothing."""
        try:
            return int(cache.get(cls._key(ident)) or 0) >= cls._rate()
        except RedisError:
            return False

    @classmethod
    def _key(cls, ident: str) -> str:
        return f"throttle:{cls.scope}:{ident}:{int(cls.now() // cls.window)}"

    @classmethod
    def _rate(cls) -> int:
        return int(api_settings.DEFAULT_THROTTLE_RATES[cls.scope] or 0)

    def wait(self) -> float:
        return self.window - self.now() % self.window

    @staticmethod
    def now() -> float:
        return time.time()


class UserThrottle(MinuteThrottle):
    scope = "user"

    def ident(self, request: Request) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None


class AnonymousThrottle(MinuteThrottle):
    scope = "anonymous"

    def ident(self, request: Request) -> str | None:
        return None if request.user.is_authenticated else client_ip(request)


class AuthThrottle(MinuteThrottle):
    """For the endpoints that take passwords or refresh tokens."""

    scope = "auth"

    def ident(self, request: Request) -> str | None:
        return client_ip(request)


class CodeThrottle(MinuteThrottle):
    """Codes of a second factor, by user, wherever they come from, in an hour: axes, which counts by
    address, would let many addresses guess six digits."""

    scope = "code"
    window = 3600


class DailyCodeThrottle(CodeThrottle):
    """In a day: what an hour allows would let a patient guesser hit one of a million codes within months."""

    scope = "code_day"
    window = 86_400


class EmailThrottle(MinuteThrottle):
    """Mails that a user has sent to an address that is not his yet, in an hour."""

    scope = "email"
    window = 3600


def _count(key: str, window: int) -> int:
    try:
        return cache.incr(key)
    except ValueError:
        cache.add(key, 0, timeout=2 * window)
        return cache.incr(key)
