"""The optimiser: which configs of a strategy would have done best, and how much of that was luck."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from bots.backtest import kept
from bots.backtest.optimise import OptimizeRequest, count_configs, like, request_of, submit_optimize
from bots.core.ports import ExchangeError
from bots.models import Backtest, BacktestKind
from bots.services.errors import IllegalMove, InvalidConfig
from bots.web.kept_config import config_of
from bots.web.optimize_form import START, OptimizeForm, filled_in, initial_of_search
from bots.web.requests import HtmxRequest, user_of, uuid_of
from marketdata.models import Timeframe

DAY = 86_400_000


@require_http_methods(["GET", "POST"])
@login_required
def optimize(request: HtmxRequest) -> HttpResponse:
    """With `count` it only says how many configs the ranges make."""
    context: dict[str, Any] = {"nav": "backtest", "simulated": settings.EXCHANGE_SIMULATOR is not None}
    if request.method == "POST":
        form = OptimizeForm(request.POST)
        asked = _asked(form)
        if "count" in request.POST:
            context |= {"form": form, "counted": counted(asked) if asked else None}
            return render(
                request, "web/_optimize_count.html" if request.htmx else "web/optimize.html", context
            )
        if asked and (found := _started(request, asked, form)):
            return redirect("web:backtest", found.pk)
    else:
        form = OptimizeForm(initial=_initial(request))
        asked = _asked(filled_in(form))
        context["counted"] = counted(asked) if asked else None
    return render(request, "web/optimize.html", {**context, "form": form}, status=422 if form.errors else 200)


def _asked(form: OptimizeForm) -> OptimizeRequest | None:
    if form.is_valid():
        try:
            return form.optimize_request()
        except InvalidConfig as refused:
            form.add_service_errors(refused.errors)
    return None


def _started(request: HttpRequest, asked: OptimizeRequest, form: OptimizeForm) -> Backtest | None:
    try:
        return submit_optimize(user=user_of(request), request=asked)
    except InvalidConfig as refused:
        form.add_service_errors(refused.errors)
    except (ExchangeError, IllegalMove) as refused:
        form.add_error(None, refused.detail)
    return None


def counted(asked: OptimizeRequest) -> dict[str, Any]:
    """How much work the search would be."""
    days = (asked.end_date - asked.start_date).days + 1
    candles = max(days, 0) * DAY // Timeframe(asked.timeframe).milliseconds
    return {
        "configs": count_configs(asked),
        "made": len(asked.space),
        "candles": candles,
        "folds": asked.folds,
    }


def _initial(request: HttpRequest) -> dict[str, Any]:
    user = user_of(request)
    if found := request.GET.get("like"):
        return initial_of_search(kept.access_backtest(user=user, backtest_id=uuid_of(found)).request)
    newest = user.credentials.order_by("-created_at").first()
    return {"symbol": "BTC/USDT", **START} | ({"exchange": newest.exchange} if newest else {})


@require_POST
@login_required
def again(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    """The same request once more, as a result of its own."""
    user = user_of(request)
    found = kept.access_backtest(user=user, backtest_id=backtest_id)
    if found.kind == BacktestKind.OPTIMIZE:
        return _go(request, found, lambda: submit_optimize(user=user, request=request_of(found.request)))
    return _go(request, found, lambda: kept.submit(user=user, request=kept.request_of(found.request)))


@require_POST
@login_required
def best(request: HttpRequest, backtest_id: UUID, number: int) -> HttpResponse:
    """A backtest of one of those that were found."""
    user = user_of(request)
    found = kept.access_backtest(user=user, backtest_id=backtest_id)
    config = config_of(found, str(number))
    asked = like(request_of(found.request), config)
    return _go(request, found, lambda: kept.submit(user=user, request=asked))


def _go(request: HttpRequest, found: Backtest, submit: Callable[[], Backtest]) -> HttpResponse:
    try:
        return redirect("web:backtest", submit().pk)
    except InvalidConfig as refused:
        for error in refused.errors:
            messages.error(request, error.detail)
    except (ExchangeError, IllegalMove) as refused:
        messages.error(request, refused.detail)
    return redirect("web:backtest", found.pk)
