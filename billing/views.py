"""The plan's page: what one has, what one uses of it, and what the other plans allow."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from billing.entitlements import plan_of, uses_of
from billing.plans import LIMITS, PLANS, USED

HEADINGS = {
    "live_bots": "Live bots at a time",
    "paper_bots": "Paper bots at a time",
    "live_credentials": "Live exchange keys",
    "backtests_a_day": "Backtests a day",
}


@require_GET
@login_required
def plans(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    context = {
        "nav": "plans",
        "plan": plan_of(user),
        "plans": PLANS.values(),
        "uses": [(use, USED[use.name]) for use in uses_of(user)],
        "rows": _comparison(),
    }
    return render(request, "billing/plans.html", context)


def _comparison() -> list[tuple[str, list[int | str | None]]]:
    """(heading, a cell for each plan); None: no limit."""
    rows: list[tuple[str, list[int | str | None]]] = [
        (HEADINGS[limit], [plan.allows(limit) for plan in PLANS.values()]) for limit in LIMITS
    ]
    return [*rows, ("Telegram", [plan.telegram.capitalize() for plan in PLANS.values()])]
