"""allauth's forms of the second factor, with our check behind them and our words on them."""

from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp

from accounts import second_factor

# Recovery codes fit the same field, so no pattern and no keypad of a fixed length.
WIDGET = {
    "autocomplete": "one-time-code",
    "inputmode": "numeric",
    "autofocus": True,
    "spellcheck": "false",
    "maxlength": 32,
}


class OurWords:
    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = "Code"
        field.widget.attrs = dict(WIDGET)


class Checked(OurWords):
    user: Any
    cleaned_data: dict[str, Any]
    signed_in = False

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        self.authenticator = second_factor.check(
            request=context.request, user=self.user, code=code, signed_in=self.signed_in
        )
        self.authenticator.user = self.user
        return code


class AuthenticateForm(Checked, base.AuthenticateForm):
    """The second stage of signing in."""


class ReauthenticateForm(Checked, base.ReauthenticateForm):
    """A code in place of the password, before something sensitive."""

    signed_in = True


class ActivateForm(OurWords, totp.ActivateTOTPForm):
    """The first code of a new app."""
