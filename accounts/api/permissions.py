"""What sensitive actions ask beyond being signed in."""

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts import confirming, tokens
from accounts.models import TokenFamily

CODE = "confirmation_required"
WHERE = "Give your password again first, or a code of your second factor: POST /api/v1/auth/confirm."


def is_confirmed(request: Request) -> bool:
    """The password, or a code, was given within the last five minutes: at sign-in or by `POST /auth/confirm`."""
    if isinstance(request.auth, TokenFamily):
        return tokens.is_confirmed(request.auth)
    return confirming.is_confirmed(request._request)


def ask_again(request: Request) -> None:
    """Raises PermissionDenied where it is not confirmed."""
    if not is_confirmed(request):
        raise PermissionDenied(WHERE, CODE)


def ask_sessions_again(request: Request) -> None:
    """As `ask_again`, but programs cannot be asked: a token goes through (docs/adr/0010-what-asks-again.md)."""
    if not isinstance(request.auth, TokenFamily):
        ask_again(request)
