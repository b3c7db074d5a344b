"""The user's own page."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts import second_factor, tokens
from accounts.models import Revocation
from bots.web.requests import user_of

MOST = 20  # sign-ins by the API that are shown


@require_GET
@login_required
def account(request: HttpRequest) -> HttpResponse:
    living = user_of(request).token_families.filter(revoked_at=None, expires_at__gt=timezone.now())
    shown = {"programs": living[:MOST], "second_factor": second_factor.is_on(user_of(request))}
    return render(request, "web/account.html", {"nav": "account", **shown})


@require_POST
@login_required
def sign_out_programs(request: HttpRequest) -> HttpResponse:
    """Every sign-in by the API ends; this browser stays signed in."""
    tokens.revoke_all(user=user_of(request), reason=Revocation.LOGOUT)
    messages.success(request, "Every program is signed out; its tokens are of no use any more.")
    return redirect("web:account")
