"""The first page: what all bots are worth, how they are, and what happened."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from bots import holdings, newest, selectors
from bots.web import accounts, portfolio
from bots.web.requests import HtmxRequest, user_of
from exchanges.models import Mode

ROWS = 12
FILLS = 10
ALERTS = 6
ALERTS_FOR = timedelta(days=7)
MONEY = {Mode.LIVE: "Real money", Mode.TESTNET: "Testnet", Mode.PAPER: "Paper"}


@require_GET
@login_required
def home(request: HtmxRequest) -> HttpResponse:
    user = user_of(request)
    views = selectors.standings(user)
    context = {"nav": "home", **_shown(user, views, request)}
    return render(request, "web/_home.html" if request.htmx else "web/home.html", context)


def _shown(user: User, views: list[dict[str, Any]], request: HtmxRequest) -> dict[str, Any]:
    """Real money and play money are never in one sum."""
    modes = holdings.modes_of(user)
    mode = request.GET.get("money", "")
    if mode not in modes:
        mode = next((each for each in modes if any(view["mode"] == each for view in views)), "")
    span = request.GET.get("span", "")
    span = span if span in portfolio.SPANS else "7d"
    own = [view for view in views if view["mode"] == mode]
    common = {"money": mode, "monies": [(name, MONEY[Mode(name)]) for name in modes], "span": span}
    common |= {} if request.htmx else accounts.shown(user, modes, mode, span)
    if not own:
        return {"has_key": bool(modes), **common}
    whole = portfolio.portfolio(own)
    shown = portfolio.first(whole, ROWS)
    seen = portfolio.past(whole, portfolio.SPANS[span], shown)
    ids = [view["id"] for view in own]
    return {
        **common,
        "portfolio": whole,
        "day": whole.equity - seen.day_ago,
        "day_ago": seen.day_ago,
        "curve": portfolio.curve(seen) if whole.views else None,
        "bots": portfolio.rows(shown, seen),
        "more": max(0, len(own) - ROWS),
        "fills": newest.fills(ids, FILLS),
        "alerts": newest.alerts(ids, ALERTS, datetime.now(UTC) - ALERTS_FOR),
        "spans": list(portfolio.SPANS),
    }
