"""What the views take from a request."""

from typing import cast
from uuid import UUID

from django.http import Http404, HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class HtmxRequest(HttpRequest):
    """As django-htmx's middleware leaves it."""

    htmx: HtmxDetails


def uuid_of(text: str) -> UUID:
    """An id from a query string. Raises Http404 where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def user_of(request: HttpRequest) -> User:
    """The signed-in user (`login_required` has seen to it)."""
    return cast(User, request.user)
