"""The first page: what all bots are worth, how they are, and what happened."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from bots import newest, selectors
from bots.web import portfolio
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
    views = selectors.bot_views(selectors.bots_of(user))
    context = {"nav": "home", **_shown(user, views, request)}
    return render(request, "web/_home.html" if request.htmx else "web/home.html", context)


def _shown(user: User, views: list[dict[str, Any]], request: HtmxRequest) -> dict[str, Any]:
    """Real money and play money are never in one sum."""
    if not views:
        return {"has_key": user.credentials.exists()}
    present = [mode for mode in MONEY if any(view["mode"] == mode for view in views)]
    mode = request.GET.get("money", "")
    mode = mode if mode in present else present[0]
    span = request.GET.get("span", "")
    span = span if span in portfolio.SPANS else "7d"
    own = [view for view in views if view["mode"] == mode]
    whole = portfolio.portfolio(own)
    seen = portfolio.past(whole, portfolio.SPANS[span])
    ids = [view["id"] for view in own]
    return {
        "portfolio": whole,
        "day": whole.equity - seen.day_ago,
        "day_ago": seen.day_ago,
        "curve": portfolio.curve(seen) if whole.views else None,
        "bots": portfolio.rows(whole, seen, ROWS),
        "more": max(0, len(own) - ROWS),
        "fills": newest.fills(ids, FILLS),
        "alerts": newest.alerts(ids, ALERTS, datetime.now(UTC) - ALERTS_FOR),
        "money": mode,
        "monies": [(name, MONEY[name]) for name in present],
        "span": span,
        "spans": list(portfolio.SPANS),
    }
