"""One chat for a user, one user for a chat: linked by a code that its user carries from the pages into the chat."""

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from telegram_bot.audit import refused
from telegram_bot.models import LinkCode, Refusal

LIFETIME = timedelta(minutes=10)
CODE_BYTES = 12  # nobody guesses that within ten minutes


class Taken(Exception):
    """The chat belongs to another account already."""


def new_code(*, user: User) -> str:
    """A code that links one chat within the next ten minutes; the one before it opens nothing any more."""
    code = secrets.token_hex(CODE_BYTES)
    LinkCode.objects.update_or_create(
        user=user, defaults={"digest": _digest(code), "expires_at": timezone.now() + LIFETIME}
    )
    return code


def redeem(*, code: str, chat_id: int) -> User | None:
    """Links the chat with whose code this is, and uses the code up; None where it is nobody's. The chat that the user
    had before is unlinked. Raises Taken."""
    with transaction.atomic():
        found = LinkCode.objects.select_for_update().filter(digest=_digest(code)).first()
        if found is None or found.expires_at <= timezone.now() or not found.user.is_active:
            user = None
        else:
            user = found.user
            found.delete()
            _link(user, chat_id)
    if user is None:
        refused(Refusal.Kind.WRONG_CODE, chat_id=chat_id)
    return user


def _link(user: User, chat_id: int) -> None:
    try:
        with transaction.atomic():
            user.telegram_chat_id = chat_id
            user.save(update_fields=["telegram_chat_id"])
    except IntegrityError:
        raise Taken from None


def unlink(*, user: User) -> None:
    LinkCode.objects.filter(user=user).delete()
    user.telegram_chat_id = None
    user.save(update_fields=["telegram_chat_id"])


def blocked(chat_id: int) -> bool:
    """The user has blocked the bot: nothing is sent there any more. Whether the chat was linked."""
    return bool(User.objects.filter(telegram_chat_id=chat_id).update(telegram_chat_id=None))


def user_of(chat_id: int) -> User | None:
    """Who is linked with this chat, freshly read: plans and accounts change at any time."""
    return User.objects.filter(telegram_chat_id=chat_id, is_active=True).first()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
