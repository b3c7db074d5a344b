"""Kept backtests: what users start, look up, cancel and delete. `jobs` is who runs those that wait."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import Http404
from django.utils import timezone

from bots.backtest import service
from bots.backtest.replay import TookTooLong
from bots.backtest.service import Request
from bots.core.strategies.config import to_decimal
from bots.models import UNFINISHED, Backtest, BacktestKind, BacktestStatus
from bots.models.backtest import pack
from bots.services.errors import IllegalMove
from bots.services.places import count_backtest
from marketdata.completing import CandlesLoading

RUN_TASK = "bots.run_backtests"
QUEUE = "celery"
MOST_KEPT = 100  # finished ones of a user: the oldest go
MOST_WAITING = 20
PATIENCE = 2.0  # seconds that `submit` waits for candles
SHORT = 5.0  # seconds of replaying that `submit` waits for
WAITING = "Waiting for its turn."
SUMMARY = (
    *("total_return", "sharpe_ratio", "max_drawdown", "win_rate", "total_trades"),
    *("buy_and_hold_return", "band", "cycles", "final_equity", "candles", "start", "end"),
)


def count_start(*, user: Any) -> None:
    """Every start of a backtest or an optimisation is counted here, before anything is computed. Raises IllegalMove
    where the user has had today's (UTC) share."""
    count_backtest(user=user)


def kept_of(user: Any) -> QuerySet[Backtest]:
    """The newest first, without their results."""
    return Backtest.objects.filter(user=user).defer("packed")


def access_backtest(*, user: Any, backtest_id: UUID | str) -> Backtest:
    """The user's own, with its result. Raises Http404."""
    try:
        return Backtest.objects.get(user=user, pk=backtest_id)
    except Backtest.DoesNotExist:
        raise Http404 from None


def keep(*, user: Any, request: Request, report: dict[str, Any]) -> Backtest:
    """Keeps what a backtest has answered."""
    now = timezone.now()
    kept = Backtest.objects.create(
        user=user,
        kind=BacktestKind.RUN,
        status=BacktestStatus.DONE,
        progress=1.0,
        request=request_json(request),
        summary=summary_of(report),
        packed=pack(report),
        started_at=now,
        finished_at=now,
    )
    forget_the_oldest(user)
    return kept


def submit(*, user: Any, request: Request) -> Backtest:
    """Done at once where the candles are here and the replay is short, else in the background. Raises InvalidConfig
    and ExchangeError for a request that cannot be answered, IllegalMove where the user has too many."""
    count_start(user=user)
    try:
        return keep(user=user, request=request, report=service.backtest(request, PATIENCE, SHORT))
    except (CandlesLoading, TookTooLong):
        return enqueue(user=user, kind=BacktestKind.RUN, request=request_json(request))


def submit_later(*, user: Any, request: Request) -> Backtest:
    """In the background in any case. Raises as `submit` does, as far as that is known without the candles."""
    service.check(request)
    count_start(user=user)
    return enqueue(user=user, kind=BacktestKind.RUN, request=request_json(request))


def enqueue(*, user: Any, kind: BacktestKind, request: dict[str, Any]) -> Backtest:
    """Puts a checked and counted request into the queue. Raises IllegalMove where too many of the user's wait."""
    if kept_of(user).filter(status__in=UNFINISHED).count() >= MOST_WAITING:
        detail = f"{MOST_WAITING} of your backtests are waiting or running: let one end, or cancel one."
        raise IllegalMove("too_many", detail)
    queued = Backtest.objects.create(
        user=user, kind=kind, status=BacktestStatus.QUEUED, doing=WAITING, request=request
    )
    transaction.on_commit(ask_for_a_run, robust=True)
    return queued


def ask_for_a_run() -> None:
    """Wakes a worker. One that is not heard is made up for by beat."""
    current_app.send_task(RUN_TASK, queue=QUEUE, retry=False, expires=60)


def cancel(*, backtest: Backtest) -> bool:
    """Ends one that waits or runs; whoever runs it hears of it within a second. False where it had ended."""
    unfinished = Backtest.objects.filter(pk=backtest.pk, status__in=UNFINISHED)
    return bool(unfinished.update(status=BacktestStatus.CANCELLED, doing="", finished_at=Now()))


def delete(*, backtest: Backtest) -> None:
    """Whoever still runs it hears of it within a second."""
    Backtest.objects.filter(pk=backtest.pk).delete()


def forget_the_oldest(user: Any) -> None:
    ended = Backtest.objects.filter(user=user).exclude(status__in=UNFINISHED)
    if too_old := list(ended.values_list("pk", flat=True)[MOST_KEPT : MOST_KEPT + 1000]):
        Backtest.objects.filter(pk__in=too_old).delete()


def summary_of(report: dict[str, Any]) -> dict[str, Any]:
    return {name: report[name] for name in SUMMARY}


def request_json(request: Request) -> dict[str, Any]:
    return {
        "strategy": request.strategy,
        "symbol": request.symbol,
        "exchange": request.exchange,
        "start_date": request.start_date.isoformat(),
        "end_date": request.end_date.isoformat(),
        "timeframe": request.timeframe,
        "fill_model": request.fill_model,
        "fees": f"{request.fees:f}",
        "taker_fees": None if request.taker_fees is None else f"{request.taker_fees:f}",
        "slippage": f"{request.slippage:f}",
        "risk": request.risk,
        "config": plain_config(request.config),
    }


def plain_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was given, decimals as plain strings."""
    return {
        name: f"{to_decimal(value):f}" if isinstance(value, float | Decimal) else value
        for name, value in config.items()
        if value is not None and value != ""
    }


def request_of(data: dict[str, Any]) -> Request:
    """The request that was kept as `data`."""
    days = {name: date.fromisoformat(data[name]) for name in ("start_date", "end_date")}
    names = ("strategy", "symbol", "exchange", "timeframe", "fill_model", "risk", "config")
    found = Request(**{name: data[name] for name in names}, **cast(Any, days))
    taker = data.get("taker_fees")  # results kept by earlier versions have neither
    return replace(
        found,
        fees=Decimal(data["fees"]),
        taker_fees=None if taker is None else Decimal(taker),
        slippage=Decimal(data.get("slippage", 0)),
    )
