"""What allauth's pages ask of us."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts.client import client_ip


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)
