"""The work of a background job, by its kind."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bots.backtest import kept, service
from bots.backtest.path import FillModelName
from bots.backtest.report import report
from bots.backtest.run import Case
from bots.backtest.service import Request
from bots.backtest.watch import Watch
from bots.core.ports import ExchangeUnavailable, RateLimited
from bots.models import Backtest, BacktestKind
from marketdata.completing import CandlesLoading

LOOK = 2.0  # seconds of fetching between two looks at whether to go on
LOADING = 0.5  # of the progress, at most, is the fetching of candles
LONGEST = 1800.0  # seconds of replaying
OUTAGE = 300.0  # seconds for which an exchange that is away is waited for
RETRY = 5.0

Work = Callable[[Backtest, Watch], tuple[Any, dict[str, Any]]]


def run_backtest(row: Backtest, watch: Watch) -> tuple[Any, dict[str, Any]]:
    request = kept.request_of(row.request)
    case = with_candles(request, watch)
    watch.tell(LOADING, f"Replaying {len(case.candles):,} candles.")
    found = report(replace(case, until=time.monotonic() + LONGEST), FillModelName(request.fill_model))
    return found, kept.summary_of(found)


def with_candles(request: Request, watch: Watch) -> Case:
    """The case, once all its candles are here. Raises Stopped, and what `service.case_of` raises."""
    until = time.monotonic() + OUTAGE
    while True:
        watch.check()
        try:
            return service.case_of(request, patience=LOOK)
        except CandlesLoading as loading:
            watch.tell(LOADING * loading.done, str(loading).partition(". ")[0] + ".")
            until = time.monotonic() + OUTAGE
        except (RateLimited, ExchangeUnavailable):
            if time.monotonic() > until:
                raise
            watch.tell(0, "The exchange does not answer: trying again.")
            watch.wait(RETRY)


WORK: dict[str, Work] = {BacktestKind.RUN: run_backtest}
