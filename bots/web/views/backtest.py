"""What the bot in the form would have done in the last days."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from bots.backtest.replay import TookTooLong
from bots.backtest.service import Request, glimpse
from bots.core.ports import ExchangeError
from bots.services.errors import InvalidConfig
from bots.web.curves import polylines
from bots.web.forms import BotForm
from bots.web.requests import user_of
from marketdata.completing import CandlesLoading

PERIODS = (7, 30, 90, 365)  # days
PATIENCE = 4.0  # seconds a page waits for candles before it says how far they are


@require_POST
@login_required
def past(request: HttpRequest) -> HttpResponse:
    """Over the last `days`; while candles are being fetched the answer asks for itself again, and once more for what
    was left out of a `quick` one."""
    days = _days(request)
    form = BotForm(request.POST, credentials=user_of(request).credentials.all())
    form.fields["name"].required = False
    context: dict[str, Any] = {
        "days": days,
        "periods": PERIODS,
        "symbol": request.POST.get("symbol", ""),
        "simulated": settings.EXCHANGE_SIMULATOR is not None,
    }
    if not form.is_valid():
        context["trouble"] = "Fill in key, market and config first."
        return render(request, "web/_backtest.html", context)
    asked = _request(form, days)
    try:
        found = glimpse(asked, PATIENCE, band="quick" not in request.POST)
    except CandlesLoading as loading:
        context["loading"] = str(loading).partition(". ")[0]
    except InvalidConfig as refused:
        context["trouble"] = " ".join(form.in_words(error.detail) for error in refused.errors)
    except (ExchangeError, TookTooLong) as error:
        context["trouble"] = str(error)
    else:
        equity, hold = polylines(found["equity_curve"], found["buy_and_hold_curve"])
        context |= {"found": found, "equity": equity, "hold": hold, "query": _query(asked)}
    return render(request, "web/_backtest.html", context)


def _days(request: HttpRequest) -> int:
    text = request.POST.get("days", "")
    return int(text) if text in map(str, PERIODS) else PERIODS[1]


def _request(form: BotForm, days: int) -> Request:
    data, today = form.cleaned_data, datetime.now(UTC).date()
    return Request(
        strategy=data["strategy"],
        symbol=data["symbol"].upper(),
        start_date=today - timedelta(days=days),
        end_date=today,
        config=form.config(),
        exchange=data["credential"].venue,
    )


def _query(asked: Request) -> str:
    """Fills in the form of a backtest; an empty value is a box without a tick."""
    names = ("strategy", "symbol", "exchange", "start_date", "end_date")
    fields = {**{name: getattr(asked, name) for name in names}, **asked.config}
    return urlencode({name: "" if value is False else value for name, value in fields.items()})
