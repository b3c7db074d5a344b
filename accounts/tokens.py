"""Access and refresh tokens (JWT) and the families that let them be revoked.

Rotation knows no grace: of two refreshes with one token exactly one wins and the other ends the family,
because a thief's refresh and a client's repeated one look the same. A client that lost the answer signs
in again.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import Token

from accounts.models import Revocation, TokenFamily, User

CONFIRMATION_LASTS = timedelta(minutes=5)


class TokenRefused(Exception):
    """The token opens nothing. `code` is token_invalid, token_expired, token_revoked or token_reused."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class AccessToken(Token):
    token_type = "access"  # noqa: S105
    lifetime = settings.JWT_ACCESS_LIFETIME


class RefreshToken(Token):
    token_type = "refresh"  # noqa: S105
    lifetime = settings.JWT_REFRESH_LIFETIME


@dataclass(frozen=True, repr=False)
class TokenPair:
    user_id: uuid.UUID
    access: str
    refresh: str


def issue(*, user: User) -> TokenPair:
    """Starts a family for a user who has just given the password; sweeps the user's expired ones."""
    now = timezone.now()
    TokenFamily.objects.filter(user=user, expires_at__lt=now).delete()
    family = TokenFamily.objects.create(user=user, expires_at=_expiry(now), confirmed_at=now)
    return _pair(family, generation=0)


def rotate(*, refresh_token: str) -> TokenPair:
    """The next pair for a refresh token, which is spent by it. Raises TokenRefused."""
    token = _decode(RefreshToken, refresh_token)
    family = _usable_family(token)
    generation = token["gen"]
    # The row count decides between parallel refreshes; every condition is on the row itself, so that
    # Postgres looks at it again after it waited for the other's update.
    won = TokenFamily.objects.filter(pk=family.pk, generation=generation, revoked_at=None).update(
        generation=F("generation") + 1, expires_at=_expiry(timezone.now())
    )
    if not won:
        revoke(family=family, reason=Revocation.REUSE)
        raise TokenRefused("token_reused", "This refresh token was used before; sign in again.")
    return _pair(family, generation=generation + 1)


def authenticate_access(token: str) -> TokenFamily:
    """The living family of an access token, its user loaded, in one query. Raises TokenRefused."""
    return _usable_family(_decode(AccessToken, token))


def user_for_access_token(token: str) -> User | None:
    """The user an access token speaks for, or None. Synchronous: wrap it where no thread may block."""
    try:
        return authenticate_access(token).user
    except TokenRefused:
        return None


def revoke_refresh_token(*, refresh_token: str) -> None:
    """Ends the family of a refresh token, spent or not. Raises TokenRefused for what is none."""
    token = _decode(RefreshToken, refresh_token)
    _revoke(family_id=token["fam"], reason=Revocation.LOGOUT)


def revoke(*, family: TokenFamily, reason: Revocation) -> None:
    _revoke(family_id=str(family.pk), reason=reason)


def revoke_all(*, user: User, reason: Revocation) -> None:
    """Ends every API sign-in of the user."""
    TokenFamily.objects.filter(user=user, revoked_at=None).update(
        revoked_at=timezone.now(), revoked_for=reason
    )


def confirm(*, family: TokenFamily) -> datetime:
    """The password was just given again; returns until when sensitive actions are open."""
    now = timezone.now()
    TokenFamily.objects.filter(pk=family.pk).update(confirmed_at=now)
    return now + CONFIRMATION_LASTS


def is_confirmed(family: TokenFamily) -> bool:
    return timezone.now() - family.confirmed_at < CONFIRMATION_LASTS


def _revoke(*, family_id: str, reason: Revocation) -> None:
    TokenFamily.objects.filter(pk=family_id, revoked_at=None).update(
        revoked_at=timezone.now(), revoked_for=reason
    )


def _expiry(now: datetime) -> datetime:
    return now + settings.JWT_REFRESH_LIFETIME


def _pair(family: TokenFamily, *, generation: int) -> TokenPair:
    access, refresh = AccessToken(), RefreshToken()
    access["user_id"] = refresh["user_id"] = str(family.user_id)
    access["fam"] = refresh["fam"] = str(family.pk)
    refresh["gen"] = generation
    return TokenPair(user_id=family.user_id, access=str(access), refresh=str(refresh))


def _decode(kind: type[Token], text: str) -> Token:
    try:
        return kind(text)  # type: ignore[arg-type]
    except ExpiredTokenError:
        raise TokenRefused("token_expired", "This token has expired.") from None
    except TokenError:
        raise TokenRefused("token_invalid", "This is not a valid token.") from None


def _usable_family(token: Token) -> TokenFamily:
    family = TokenFamily.objects.select_related("user").filter(pk=token["fam"]).first()
    if family is None or family.revoked_at is not None or not family.user.is_active:
        raise TokenRefused("token_revoked", "This token was revoked; sign in again.")
    return family
