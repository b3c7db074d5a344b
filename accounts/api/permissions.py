"""What sensitive actions ask beyond being signed in."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import confirming, tokens
from accounts.models import TokenFamily


class RecentlyConfirmed(BasePermission):
    """The password was given within the last five minutes: at sign-in or by `POST /auth/confirm`."""

    code = "confirmation_required"
    message = "Give your password again first, or a code of your second factor: POST /api/v1/auth/confirm."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if isinstance(request.auth, TokenFamily):
            return tokens.is_confirmed(request.auth)
        return confirming.is_confirmed(request._request)
