"""What django-axes asks: five wrong passwords for one e-mail from one address close that pair for a while."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.api.errors import error_response, is_api
from accounts.api.throttles import AuthThrottle
from accounts.client import client_ip


def claimed_email(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Whose password is tried: API and pages say `email`, the admin's form `username`."""
    given = credentials or request.POST
    return str(given.get("email") or given.get("username") or given.get("login") or "").strip().lower()[:255]


def lockout_response(request: HttpRequest, *_: Any) -> HttpResponse:
    """429 with Retry-After, as JSON for the API and as a page elsewhere."""
    # From the request: axes' middleware hands the credentials on in the wrong place where it runs async.
    credentials = getattr(request, "axes_credentials", None)
    seconds = _seconds_left(claimed_email(request, credentials), client_ip(request))
    minutes = math.ceil(seconds / 60)
    detail = f"Too many failed attempts. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
    if is_api(request):
        response: HttpResponse = error_response(429, "locked_out", detail)
    else:
        response = _page(request, detail)
    response["Retry-After"] = str(seconds)
    return response


def refuses(request: HttpRequest, email: str) -> bool:
    """Whether this e-mail is locked for the request's address; then the answer becomes the lock's, whatever it is."""
    credentials = {"email": email}
    if AxesProxyHandler.is_allowed(request, credentials):
        return False
    request.axes_locked_out = True  # type: ignore[attr-defined] # axes' own mark, which its middleware reads
    request.axes_credentials = credentials  # type: ignore[attr-defined]
    return True


def throttled(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For a sign-in page outside of the API and allauth, which throttle their own: the admin's."""

    @wraps(view)
    def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not AuthThrottle.counts(client_ip(request)):
            return too_many_requests(request)
        return view(request, *args, **kwargs)

    return counted


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """The answer to a flood of forms; as the root URLconf's handler429 allauth's, too."""
    response = _page(request, "Too many requests. Try again in a minute.")
    response["Retry-After"] = "60"
    return response


def _page(request: HttpRequest, detail: str) -> HttpResponse:
    return render(request, "locked_out.html", {"detail": detail}, status=429)


def _seconds_left(email: str, address: str) -> int:
    attempts = AccessAttempt.objects.filter(username=email, ip_address=address)
    last: datetime | None = attempts.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    cool_off: timedelta | None = get_cool_off()
    if last is None or cool_off is None:
        return 1
    return max(1, math.ceil((last + cool_off - timezone.now()).total_seconds()))
