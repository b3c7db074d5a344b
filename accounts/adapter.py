"""The one place that touches allauth's insides."""

import base64
from typing import Any, ClassVar, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django_cryptography.utils.crypto import FernetBytes

from accounts.client import client_ip
from accounts.models import User

OPENED_BY = "password_given"  # in a session that is half signed in: a hash of the password


class AccountAdapter(DefaultAccountAdapter):
    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        request.session[OPENED_BY] = user.get_session_auth_hash()
        return cast("HttpResponse | None", super().pre_login(request, user, **kwargs))

    def login(self, request: HttpRequest, user: User) -> None:
        """After the code. The password that was given before it must still be the user's."""
        now = user.get_session_auth_hash()
        if not constant_time_compare(request.session.pop(OPENED_BY, now), now):
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, str]]:
        """With a second factor only a code: who sits at somebody's open browser often has its stored password too."""
        ways: list[dict[str, str]] = super().get_reauthentication_methods(user)
        return [way for way in ways if way["id"] == "mfa_reauthenticate"] or ways


class SecondFactorAdapter(DefaultMFAAdapter):
    """Seals what codes are made of with CRYPTOGRAPHY_KEY: a copy of the database gives no codes."""

    error_messages: ClassVar[dict[str, str]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That is not the code the app shows now. Check the clock of your phone.",
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(FernetBytes().encrypt(text)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return FernetBytes().decrypt(base64.b64decode(encrypted_text)).decode()


def confirm_session(request: HttpRequest, user: User) -> None:
    """The password, or a code, was just given again in this session."""
    record_authentication(request, user, method="password", reauthenticated=True)


def is_session_confirmed(request: HttpRequest) -> bool:
    return cast("bool", did_recently_reauthenticate(request))


def totp_step(secret: str, code: str) -> int | None:
    """The step of time (RFC 6238) that the code belongs to, if that is now or next to now."""
    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return cast("int", step)
    return None
