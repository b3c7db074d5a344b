"""What the views take from a request."""

from typing import cast

from django.http import HttpRequest

from accounts.models import User


def user_of(request: HttpRequest) -> User:
    """The signed-in user (`login_required` has seen to it)."""
    return cast(User, request.user)
