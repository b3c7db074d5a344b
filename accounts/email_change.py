"""A new e-mail address: a link sent to it makes it the account's, and the old one is told of both steps.

The link ends with a day, a new password, signing everything else out, or the change itself."""

import logging
from smtplib import SMTPException

from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from accounts.api.throttles import EmailThrottle
from accounts.models import User

SALT = "accounts.email_change"
LASTS = 86_400  # s
NOT_YOU = "If that was not you, change your password now and sign everything else out."

log = logging.getLogger(__name__)


class LinkRefused(Exception):
    """Too old, used before, or not one of ours."""


def ask(*, request: HttpRequest, user: User, email: str) -> None:
    """Sends the link. Raises ValidationError about `email`."""
    email = email.strip().lower()
    if email == user.email:
        raise _refused("same_email", "That is your address already.")
    if not EmailThrottle.counts(str(user.pk)):  # first: nobody asks here who else has an account
        raise _refused("too_many_mails", "Too many mails within an hour. Try again later.")
    if filter_users_by_email(email):
        raise _refused("email_taken", "An account with this e-mail already exists.")
    link = request.build_absolute_uri(reverse("web:confirm_email", args=[_token(user, email)]))
    text = f"Open this address within a day to make {email} the e-mail of your AutoGrid account:\n\n{link}\n"
    if not _mail(email, "Confirm your new e-mail address", text):
        raise _refused("mail_failed", "The mail could not be sent. Try again later.")
    _mail(
        user.email, "Your e-mail address is to change", f"Somebody asked to change it to {email}. {NOT_YOU}\n"
    )


def confirm(*, token: str) -> User:
    """The user, who has the new address. Raises LinkRefused."""
    try:
        with transaction.atomic():
            user, email = read(token=token, lock=True)
            old, user.email = user.email, email
            user.save(update_fields=["email"])
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    except IntegrityError:
        raise LinkRefused("Another account has this address by now.") from None
    _mail(old, "Your e-mail address was changed", f"Your AutoGrid account is {email}'s now. {NOT_YOU}\n")
    return user


def read(*, token: str, lock: bool = False) -> tuple[User, str]:
    """Whose address becomes which; `lock` holds them against a new password. Raises LinkRefused."""
    try:
        user_id, email, stamp = signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        raise LinkRefused("This link is too old or incomplete.") from None
    users = User.objects.select_for_update() if lock else User.objects.all()
    user = users.filter(pk=user_id, is_active=True).first()
    if user is None or not constant_time_compare(stamp, _stamp(user)):
        raise LinkRefused("This link was used before, or the account has changed since.")
    return user, email


def _token(user: User, email: str) -> str:
    return signing.dumps([str(user.pk), email, _stamp(user)], salt=SALT)


def _stamp(user: User) -> str:
    """Of what ends a link."""
    return signing.Signer(salt=SALT).signature(f"{user.email}:{user.get_session_auth_hash()}")


def _mail(to: str, subject: str, text: str) -> bool:
    try:
        send_mail(f"AutoGrid: {subject}", text, None, [to])
    except (SMTPException, OSError) as error:
        log.warning("A mail about a change of address was not sent: %s", type(error).__name__)
        return False
    return True


def _refused(code: str, sentence: str) -> ValidationError:
    return ValidationError({"email": ValidationError(sentence, code=code)})
