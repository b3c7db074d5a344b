"""What changes about how an account is opened: its owner hears of it over every channel, whoever did it."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import codes_guessed, recovery_code_spent, recovery_codes_renewed, second_factor_changed
from bots.services.notices import notify

NOT_YOU = "If that was not you, change your password now and sign all other sessions and programs out."


@receiver(second_factor_changed)
def tell_second_factor(user: User, is_on: bool, by_operator: bool, **_: Any) -> None:
    if is_on:
        kind, text = "second_factor_on", f"Signing in asks for a code from now on. {NOT_YOU}"
    else:
        who = "An operator switched it off" if by_operator else "It was switched off"
        kind, text = "second_factor_off", f"{who}: the password alone opens your account now. {NOT_YOU}"
    notify(user=user, kind=kind, text=text)


@receiver(recovery_code_spent)
def tell_recovery_code(user: User, left: int, **_: Any) -> None:
    text = f"It took the place of the app's code; {left} are left. {NOT_YOU}"
    notify(user=user, kind="recovery_code_spent", text=text)


@receiver(recovery_codes_renewed)
def tell_renewed(user: User, **_: Any) -> None:
    text = f"The recovery codes you had before open nothing any more. {NOT_YOU}"
    notify(user=user, kind="recovery_codes_renewed", text=text)


@receiver(codes_guessed)
def tell_guessed(user: User, **_: Any) -> None:
    text = f"Your password was right, the codes of the second factor were not. {NOT_YOU}"
    notify(user=user, kind="codes_guessed", text=text)
