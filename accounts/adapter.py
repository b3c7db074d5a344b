"""The one place that touches allauth's insides."""

from typing import cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.http import HttpRequest

from accounts.client import client_ip
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)


def confirm_session(request: HttpRequest, user: User) -> None:
    """The password was just given again in this session."""
    record_authentication(request, user, method="password", reauthenticated=True)


def is_session_confirmed(request: HttpRequest) -> bool:
    return cast("bool", did_recently_reauthenticate(request))
