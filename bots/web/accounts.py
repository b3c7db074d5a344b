"""What the user's exchange accounts hold, as the dashboard and its own page show it."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from bots import holdings
from bots.services import account_looks
from bots.web import plots

SPAN = "7d"


def shown(user: User, modes: list[str], money: str, span: str) -> dict[str, Any]:
    """Nothing without an account; with `money` that is none of `modes` (`holdings.modes_of`) the first of them."""
    if not modes:
        return {}
    now = timezone.now()
    span = span if span in holdings.SPANS else SPAN
    found = holdings.portfolio(user, money if money in modes else modes[0], span, now)
    account_looks.refresh(found, now)
    return {
        "holdings": found,
        "outside": found["equity"] - found["in_bots"],
        "holdings_plot": _plot(found["equity_curve"]),
        "holdings_span": span,
        "waiting": holdings.is_waiting(found),  # the page asks again soon
    }


def _plot(curve: list[Any]) -> dict[str, Any] | None:
    points = [[float(time), float(worth)] for time, worth in curve]
    if len(points) < 2:
        return None
    frame = plots.frame_of((time for time, _ in points), (worth for _, worth in points))
    floor = [[frame.start, frame.low], [frame.end, frame.low]]
    return {"frame": frame, "line": plots.line(points, frame), "area": plots.area(points, floor, frame)}
