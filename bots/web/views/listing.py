"""All bots of a user at a glance."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from bots import selectors
from bots.services import halts, lifecycle
from bots.services.errors import IllegalMove
from bots.web.requests import HtmxRequest, user_of


@require_GET
@login_required
def bots(request: HtmxRequest) -> HttpResponse:
    user = user_of(request)
    views = selectors.bot_views(selectors.bots_of(user))
    context: dict[str, Any] = {"nav": "bots", "bots": views, "quote": _common_quote(views)}
    context["has_key"] = bool(views) or user.credentials.exists()
    return render(request, "web/_bots.html" if request.htmx else "web/bots.html", context)


def _common_quote(views: list[dict[str, Any]]) -> str:
    """The one coin of all bots; "" where a total would add apples and pears, or real and test money."""
    quotes = {(view["symbol"].partition("/")[2], view["mode"]) for view in views}
    return quotes.pop()[0] if len(quotes) == 1 else ""


@require_POST
@login_required
def stop_all(request: HttpRequest) -> HttpResponse:
    sell = request.POST.get("action") == "cancel_and_sell"
    lifecycle.kill_all(user=user_of(request), action="cancel_and_sell" if sell else "cancel")
    words = "its orders are being cancelled" + (" and its coins sold" if sell else "")
    messages.warning(request, f"Kill switch: every bot at work is halted, {words}.")
    return redirect("web:bots")


@require_POST
@login_required
def lift_halt(request: HttpRequest) -> HttpResponse:
    """Of the user's own halt, placed by the circuit breaker."""
    try:
        halts.lift_own_halt(user=user_of(request))
    except IllegalMove as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(
            request, "Trading goes on. Bots that were halted by their own limits wait for a reset."
        )
    return redirect("web:bots")
