"""Backtests: the form that starts one, and the results that are kept."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from bots import selectors
from bots.backtest import kept
from bots.backtest.service import Request
from bots.core.ports import ExchangeError, UnknownSymbol
from bots.models import UNFINISHED, Backtest
from bots.services.errors import IllegalMove, InvalidConfig
from bots.web.backtest_form import BacktestForm, initial_of_bot, initial_of_request
from bots.web.first_range import first_range
from bots.web.kept_config import config_of
from bots.web.requests import user_of, uuid_of


@require_http_methods(["GET", "POST"])
@login_required
def backtests(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        form = BacktestForm(request.POST)
        if form.is_valid() and (found := submitted(user_of(request), form.request(), form)):
            return redirect("web:backtest", found.pk)
    else:
        form = BacktestForm(initial=_initial(request))
    rows = list(kept.kept_of(user_of(request)))
    context = {
        "nav": "backtest",
        "form": form,
        "kept": rows,
        "busy": any(row.status in UNFINISHED for row in rows),
        "simulated": settings.EXCHANGE_SIMULATOR is not None,
    }
    return render(request, "web/backtests.html", context, status=422 if form.errors else 200)


def submitted(user: User, asked: Request, form: BacktestForm) -> Backtest | None:
    """Done at once where that is quick, otherwise in the queue. None where it was refused: the form says why."""
    try:
        return kept.submit(user=user, request=asked)
    except InvalidConfig as refused:
        form.add_service_errors(refused.errors)
    except (ExchangeError, IllegalMove) as refused:
        form.add_error(None, refused.detail)
    return None


def _initial(request: HttpRequest) -> dict[str, Any]:
    """As a kept backtest, as a bot of the user's, or as their newest key and the link itself say."""
    user = user_of(request)
    if like := request.GET.get("like"):
        found = kept.access_backtest(user=user, backtest_id=uuid_of(like))
        return initial_of_request(found.request, config_of(found, request.GET.get("best")))
    if bot := request.GET.get("bot"):
        return initial_of_bot(selectors.access_bot(user=user, bot_id=bot))
    newest = user.credentials.order_by("-created_at").first()
    own = {"exchange": newest.exchange} if newest else {}
    given = {name: value for name, value in request.GET.items() if name in BacktestForm.base_fields}
    return {"symbol": "BTC/USDT", **own, **given}


@require_GET
@login_required
def market(request: HttpRequest) -> JsonResponse:
    """Coins and a first range for what is chosen in the form."""
    chosen = {name: request.GET.get(name, "") for name in ("exchange", "symbol", "start_date")}
    try:
        return JsonResponse(first_range(**chosen))
    except UnknownSymbol as error:
        return JsonResponse({"detail": error.detail}, status=404)
    except ExchangeError as error:
        return JsonResponse({"detail": error.detail}, status=503)
