"""The second factor: codes of an authenticator app (TOTP), and recovery codes for who has lost it.

Pages, API and the admin's sign-in all ask here, so that a code opens once, whatever it is given to.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.mfa.utils import decrypt
from django.contrib.auth import user_login_failed
from django.core.exceptions import ValidationError
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import lockout
from accounts.adapter import totp_step
from accounts.api.throttles import CodeThrottle, DailyCodeThrottle
from accounts.browsers import sign_out_others
from accounts.models import User
from accounts.signals import codes_guessed, recovery_code_spent, recovery_codes_renewed, second_factor_changed

TOTP, RECOVERY_CODES = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES


def is_on(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=TOTP).exists())


def check(*, request: HttpRequest, user: User, code: str, signed_in: bool) -> Authenticator:
    """What the code belongs to; it is spent. Raises ValidationError; failures count as wrong passwords do.
    `signed_in`: the code confirms something, it does not sign in."""
    if lockout.refuses(request, user.email):
        raise _wrong()
    # Counted apart: who signs in knows the password, but who has stolen a token must not keep the owner out.
    asker = f"{user.pk}:{'confirm' if signed_in else 'sign-in'}"
    for throttle, span in ((CodeThrottle, "an hour"), (DailyCodeThrottle, "a day")):
        if not throttle.counts(asker):
            raise ValidationError(f"Too many codes within {span}. Try again later.", code="too_many_codes")
    found = spend(user=user, code=code)
    if found is None:
        user_login_failed.send(sender=__name__, request=request, credentials={"email": user.email})
        if not signed_in and (lockout.refuses(request, user.email) or _is_spent(asker)):
            codes_guessed.send(User, user=user)
        raise _wrong()
    return found


def _is_spent(asker: str) -> bool:
    return CodeThrottle.is_spent(asker) or DailyCodeThrottle.is_spent(asker)


def spend(*, user: User, code: str) -> Authenticator | None:
    """What the code belongs to, or None where it opens nothing: wrong, too old, or used before."""
    with transaction.atomic():
        # Held, so that of two requests with one code one wins.
        for held in Authenticator.objects.select_for_update().filter(user=user).order_by("pk"):
            if held.type == TOTP and _spend_totp(held, code):
                return held
            if held.type == RECOVERY_CODES and held.wrap().validate_code(code):
                recovery_code_spent.send(User, user=user, left=codes_left(user))
                return held
    return None


def codes_left(user: User) -> int:
    """How many recovery codes have not been used."""
    found = Authenticator.objects.filter(user=user, type=RECOVERY_CODES).first()
    return len(found.wrap().get_unused_codes()) if found else 0


def remove(*, user: User) -> bool:
    """For operators, whose user has lost both app and recovery codes; False where there was none."""
    with transaction.atomic():
        removed, _ = Authenticator.objects.filter(user=user).delete()
        if removed:
            second_factor_changed.send(User, user=user, is_on=False, by_operator=True)
    return bool(removed)


@receiver(authenticator_added)
def note_switched_on(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == TOTP:
        # The code that switched it on opens nothing else.
        spend(user=user, code=request.POST.get("code", ""))
        second_factor_changed.send(User, user=user, is_on=True, by_operator=False)
        if request.POST.get("sign_out_others"):
            sign_out_others(request=request, user=user)


@receiver(authenticator_removed)
def note_switched_off(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == TOTP:
        second_factor_changed.send(User, user=user, is_on=False, by_operator=False)


@receiver(authenticator_reset)
def note_renewed(user: User, **_: Any) -> None:
    recovery_codes_renewed.send(User, user=user)


def _spend_totp(held: Authenticator, code: str) -> bool:
    """allauth remembers used codes in the cache for one step, but takes them for three, and the cache may lose them."""
    step = totp_step(decrypt(held.data["secret"]), code)
    if step is None or step <= held.data.get("used_step", -1):
        return False
    held.data["used_step"] = step
    held.save(update_fields=["data"])
    return True


def _wrong() -> ValidationError:
    return ValidationError(
        "That code is wrong or was used before. Give the next one, or a recovery code.", code="wrong_code"
    )
