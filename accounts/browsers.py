"""Where a user is signed in on pages: what a session does not tell of itself, noted as its browser comes by."""

import hashlib
from typing import Any
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, user_logged_in
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models import F, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from redis.exceptions import RedisError

from accounts import tokens
from accounts.client import client_ip
from accounts.models import Browser, Revocation, User

NOTED_EVERY = 300  # s


class NoteBrowsers(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> None:
        key = request.session.session_key
        if key and isinstance(request.user, User) and _is_due(key):
            note(request, request.user, key)


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    """At once: a stolen session that never comes by must end with the others. A sign-in by the API has none."""
    if request.session.get(SESSION_KEY) != str(user.pk):
        return
    if request.session.session_key is None:
        request.session.save()
    note(request, user, str(request.session.session_key))


def note(request: HttpRequest, user: User, key: str) -> None:
    agent = request.headers.get("User-Agent", "").replace("\x00", "")[:200]
    seen = Browser(
        user=user, session_key=key, address=client_ip(request), user_agent=agent, seen_at=timezone.now()
    )
    Browser.objects.bulk_create(
        [seen],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "address", "user_agent", "seen_at"],
    )


def browsers_of(user: User) -> list[Browser]:
    """Those that are signed in still, the last seen first; what is noted of others is forgotten."""
    noted = list(Browser.objects.filter(user=user))
    living = _living(user, [browser.session_key for browser in noted])
    Browser.objects.filter(pk__in=[each.pk for each in noted if each.session_key not in living]).delete()
    return [browser for browser in noted if browser.session_key in living]


def sign_out(*, user: User, browser_id: UUID) -> None:
    """Raises Browser.DoesNotExist, also for another user's."""
    _end(Browser.objects.filter(pk=Browser.objects.get(pk=browser_id, user=user).pk))


def sign_out_others(*, request: HttpRequest, user: User) -> None:
    """All but the session of this request: browsers, whether they were noted or not, and programs."""
    _end(Browser.objects.filter(user=user).exclude(session_key=request.session.session_key or ""))
    User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
    user.refresh_from_db(fields=["session_generation"])
    tokens.revoke_all(user=user, reason=Revocation.LOGOUT)
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    request.session.save()


def _end(ended: QuerySet[Browser]) -> None:
    Session.objects.filter(session_key__in=list(ended.values_list("session_key", flat=True))).delete()
    ended.delete()


def _living(user: User, keys: list[str]) -> set[str]:
    """Of these sessions those that have not ended, by age or by a new password."""
    sessions = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return {session.session_key for session in sessions if _fits(user, session.get_decoded())}


def _fits(user: User, session: dict[str, Any]) -> bool:
    return bool(session.get(HASH_SESSION_KEY) == user.get_session_auth_hash())


def _is_due(key: str) -> bool:
    """Once in a while, and whenever the cache is away; it knows no key of a session, only its hash."""
    try:
        name = hashlib.sha256(key.encode()).hexdigest()
        return bool(cache.add(f"browser:{name}", 1, timeout=NOTED_EVERY))
    except RedisError:
        return True
