"""The account page's Telegram part: link a chat, see that it is linked, unlink it."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.adapter import is_session_confirmed
from accounts.models import User
from billing import entitlements
from telegram_bot import identity, links


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def link(request: HttpRequest) -> HttpResponse:
    """POST makes a code, which no later page shows again; the password, or a code, was given again before it."""
    user = cast(User, request.user)
    code = ""
    if request.method == "POST":
        _refuse_when_off()
        # A chat commands the bots, and stays linked when the password changes: a stolen session alone links none.
        if not is_session_confirmed(request):
            return redirect(f"{reverse('account_reauthenticate')}?next={reverse('telegram:link')}")
        code = links.new_code(user=user)
    context = {
        "nav": "account",
        "is_on": bool(settings.AUTOGRID_TELEGRAM_TOKEN),
        "identity": identity.read(),
        "code": code,
        "address": identity.deep_link(code) if code else "",
        "chat": identity.chat_address(),
        "minutes": int(links.LIFETIME.total_seconds() // 60),
        "scope": entitlements.telegram_scope(user),
    }
    return render(request, "telegram/link.html", context)


@never_cache
@require_GET
@login_required
def state(request: HttpRequest) -> HttpResponse:
    """For the page that waits for the chat: 286 ends htmx's polling and shows the whole page anew."""
    linked = cast(User, request.user).telegram_chat_id is not None
    return HttpResponse(status=286, headers={"HX-Refresh": "true"}) if linked else HttpResponse(status=204)


@require_POST
@login_required
def unlink(request: HttpRequest) -> HttpResponse:
    links.unlink(user=cast(User, request.user))
    messages.success(request, "The chat was unlinked: nothing is sent there any more.")
    return redirect("telegram:link")


def _refuse_when_off() -> None:
    if not settings.AUTOGRID_TELEGRAM_TOKEN:
        raise Http404
