"""All bots of a user at a glance."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from bots import selectors
from bots.core.types import ZERO
from bots.services import halts, lifecycle
from bots.services.errors import IllegalMove
from bots.web.requests import HtmxRequest, user_of

ROWS = 50


@require_GET
@login_required
def bots(request: HtmxRequest) -> HttpResponse:
    """A page of them; the sums above are over all."""
    user = user_of(request)
    standings = selectors.standings(user)
    page = Paginator(standings, ROWS).get_page(request.GET.get("page"))
    views = selectors.bot_views(selectors.bots_of(user).filter(pk__in=[each["id"] for each in page]))
    context: dict[str, Any] = {"nav": "bots", "bots": views, "page": page, "quote": _common_quote(standings)}
    if context["quote"]:
        context["totals"] = _totals(user, standings)
    context["has_key"] = bool(views) or user.credentials.exists()
    return render(request, "web/_bots.html" if request.htmx else "web/bots.html", context)


def _totals(user: User, standings: list[dict[str, Any]]) -> dict[str, Any]:
    equity, invested = (
        sum((each[name] for each in standings), ZERO) for name in ("equity", "total_investment")
    )
    orders = selectors.open_orders(user)
    return {"equity": equity, "total_investment": invested, "pnl": equity - invested, "open_orders": orders}


def _common_quote(standings: list[dict[str, Any]]) -> str:
    """The one coin of all bots; "" where a total would add apples and pears, or real and test money."""
    quotes = {(each["symbol"].partition("/")[2], each["mode"]) for each in standings}
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
