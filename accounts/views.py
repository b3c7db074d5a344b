"""Pages that are not allauth's."""

from typing import NoReturn, cast

from allauth.account.views import password_change
from django.http import Http404, HttpRequest, HttpResponse

from accounts import second_factor
from accounts.confirming import confirmed


def not_offered(_request: HttpRequest) -> NoReturn:
    raise Http404


def change_password(request: HttpRequest) -> HttpResponse:
    """The form asks for the old password; with a second factor a code is asked for before."""
    guards = request.user.is_authenticated and second_factor.is_on(request.user)
    view = confirmed()(password_change) if guards else password_change
    return cast(HttpResponse, view(request))
