"""One kept backtest: how far it is, what came of it, and what may be done with it."""

import csv
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from bots.backtest import kept
from bots.models import UNFINISHED, BacktestKind
from bots.templatetags.trade import moment
from bots.web import result, search_result
from bots.web.price_plot import price_plot
from bots.web.requests import HtmxRequest, user_of

ROWS = 25
COLUMNS = ("time", "slot", "side", "price", "quantity", "fee", "fee_asset", "liquidity")


@require_GET
@login_required
def backtest(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    found = kept.access_backtest(user=user_of(request), backtest_id=backtest_id)
    context: dict[str, Any] = {
        "nav": "backtest",
        "kept": found,
        "asked": result.asked(found.request),
        "simulated": settings.EXCHANGE_SIMULATOR is not None,
    }
    if found.status in UNFINISHED:
        return render(request, "web/backtest_waiting.html", context)
    report = found.result
    if report is None:
        return render(request, "web/backtest_ended.html", context)
    if found.kind == BacktestKind.OPTIMIZE:
        return render(request, "web/search.html", context | search_result.shown(found.request, report))
    context |= result.shown(found.request, report, request.GET.dict())
    context["trades"] = Paginator(report["trades"][::-1], ROWS).get_page(request.GET.get("page"))
    return render(request, "web/backtest.html", context)


@require_GET
@login_required
def price(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    """The price's plot alone, of the stretch that the query names."""
    found = kept.access_backtest(user=user_of(request), backtest_id=backtest_id)
    report = found.result
    if report is None or found.kind == BacktestKind.OPTIMIZE:
        raise Http404("This backtest has no price to show.")
    plot = price_plot(found.request, report, request.GET.dict())
    context = {"kept": found, "asked": found.request, "price": plot}
    return render(request, "web/_price_plot.html", context)


@require_GET
@login_required
def progress(request: HtmxRequest, backtest_id: UUID) -> HttpResponse:
    """The part that moves; once it has ended, the whole page anew."""
    found = kept.access_backtest(user=user_of(request), backtest_id=backtest_id)
    if found.status in UNFINISHED:
        return render(request, "web/_backtest_progress.html", {"kept": found})
    return HttpResponse(headers={"HX-Refresh": "true"})


@require_GET
@login_required
def trades_file(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    """All kept trades as CSV, the oldest first; times are ISO 8601, UTC."""
    report = kept.access_backtest(user=user_of(request), backtest_id=backtest_id).result
    if not report or "trades" not in report:
        raise Http404("This backtest has no trades.")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="backtest-{backtest_id}.csv"'
    rows = csv.writer(answer)
    rows.writerow(COLUMNS)
    rows.writerows(_row(trade) for trade in report["trades"])
    return answer


def _row(trade: Mapping[str, Any]) -> list[Any]:
    time = moment(trade["time"]).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [time, *(result.as_text(trade[name]) for name in COLUMNS[1:])]


@require_POST
@login_required
def cancel(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    found = kept.access_backtest(user=user_of(request), backtest_id=backtest_id)
    if not kept.cancel(backtest=found):
        messages.info(request, "It had ended already.")
    return redirect("web:backtest", found.pk)


@require_POST
@login_required
def delete(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    kept.delete(backtest=kept.access_backtest(user=user_of(request), backtest_id=backtest_id))
    messages.success(request, "The result was deleted.")
    return redirect("web:backtests")
