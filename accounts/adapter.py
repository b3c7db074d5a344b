"""The one place that touches allauth's insides."""

import base64
from typing import ClassVar, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.http import HttpRequest
from django_cryptography.utils.crypto import FernetBytes

from accounts.client import client_ip
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)


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
