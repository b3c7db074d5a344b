"""Every coin in every exchange account, and the part of it that the dashboard shows."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bots import holdings
from bots.web import accounts
from bots.web.requests import HtmxRequest, user_of
from bots.web.views.home import MONEY


@require_GET
@login_required
def portfolio(request: HtmxRequest) -> HttpResponse:
    user = user_of(request)
    modes = holdings.modes_of(user)
    span = request.GET.get("span", "")
    context = {
        "nav": "home",
        "spans": list(holdings.SPANS),
        "monies": [(name, label) for name, label in MONEY.items() if name in modes],
        "coins": "coins" in request.GET or not request.htmx,
        **accounts.shown(user, modes, request.GET.get("money", ""), span),
    }
    return render(request, "web/_accounts.html" if request.htmx else "web/portfolio.html", context)
