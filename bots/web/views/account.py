"""The user's own page."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts import browsers, second_factor, tokens
from accounts.models import Browser, Revocation
from bots.web.requests import user_of

MOST = 20  # sign-ins that are shown, of browsers and by the API


@require_GET
@login_required
def account(request: HttpRequest) -> HttpResponse:
    living = user_of(request).token_families.filter(revoked_at=None, expires_at__gt=timezone.now())
    shown = {
        "programs": living[:MOST],
        "second_factor": second_factor.is_on(user_of(request)),
        "browsers": browsers.browsers_of(user_of(request))[:MOST],
        "this_session": request.session.session_key,
    }
    return render(request, "web/account.html", {"nav": "account", **shown})


@require_POST
@login_required
def sign_out_programs(request: HttpRequest) -> HttpResponse:
    """Every sign-in by the API ends; this browser stays signed in."""
    tokens.revoke_all(user=user_of(request), reason=Revocation.LOGOUT)
    messages.success(request, "Every program is signed out; its tokens are of no use any more.")
    return redirect("web:account")


@require_POST
@login_required
def sign_out_browser(request: HttpRequest, browser_id: UUID) -> HttpResponse:
    try:
        browsers.sign_out(user=user_of(request), browser_id=browser_id)
    except Browser.DoesNotExist:
        raise Http404 from None
    messages.success(request, "That browser is signed out.")
    return redirect("web:account")


@require_POST
@login_required
def sign_out_other_browsers(request: HttpRequest) -> HttpResponse:
    browsers.sign_out_others(request=request, user=user_of(request))
    messages.success(request, "Every other browser and every program is signed out.")
    return redirect("web:account")
