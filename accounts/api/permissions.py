"""What sensitive actions ask beyond being signed in."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import tokens
from accounts.adapter import is_session_confirmed
from accounts.models import TokenFamily


class RecentlyConfirmed(BasePermission):
    """The password was given within the last five minutes: at sign-in or by `POST /auth/confirm`."""

    code = "confirmation_required"
    message = "Confirm your password first: POST /api/v1/auth/confirm."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if isinstance(request.auth, TokenFamily):
            return tokens.is_confirmed(request.auth)
        return is_session_confirmed(request._request)
