"""Two to four kept backtests side by side."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from bots.backtest import kept
from bots.models import Backtest, BacktestKind, BacktestStatus
from bots.web import plots, result
from bots.web.requests import user_of, uuid_of

FEWEST, MOST = 2, 4


@require_GET
@login_required
def compare(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    chosen = [
        kept.access_backtest(user=user, backtest_id=uuid_of(text))
        for text in dict.fromkeys(request.GET.getlist("id"))
    ]
    done = [row for row in chosen if row.kind == BacktestKind.RUN and row.status == BacktestStatus.DONE]
    if not FEWEST <= len(done) <= MOST:
        messages.info(request, f"Choose {FEWEST} to {MOST} finished backtests to compare.")
        return redirect("web:backtests")
    columns = [_column(row) for row in done]
    frame = _frame(columns)
    for column in columns:
        column["line"] = plots.line(column["curve"], frame)
    context = {
        "nav": "backtest",
        "columns": columns,
        "frame": frame,
        "fields": _fields(columns),
        "apart": len({(row.request["start_date"], row.request["end_date"]) for row in done}) > 1,
        "simulated": settings.EXCHANGE_SIMULATOR is not None,
    }
    return render(request, "web/backtest_compare.html", context)


def _column(row: Backtest) -> dict[str, Any]:
    """Equity in per cent of what was invested, since investments may differ."""
    report = row.result
    invested = report["buy_and_hold_curve"][0][1]
    curve = [[time, (value / invested - 1) * 100] for time, value in report["equity_curve"]]
    return {"kept": row, "asked": result.asked(row.request), "report": report, "curve": curve}


def _frame(columns: list[dict[str, Any]]) -> plots.Frame:
    points = [point for column in columns for point in column["curve"]]
    return plots.frame_of((time for time, _ in points), (value for _, value in points))


def _fields(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The strategies' fields as rows, those first in which the backtests differ."""
    given = [dict(column["asked"]["fields"]) for column in columns]
    labels = dict.fromkeys(label for fields in given for label in fields)
    rows = [{"label": label, "values": [fields.get(label, "–") for fields in given]} for label in labels]
    rows = [{**row, "differs": len(set(row["values"])) > 1} for row in rows]
    return sorted(rows, key=lambda row: not row["differs"])
