"""The work of a background job, by its kind."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from bots.backtest import kept, service
from bots.backtest.optimising import run_optimise
from bots.backtest.path import FillModelName
from bots.backtest.report import report
from bots.backtest.waiting import LOADING, LONGEST, when_loaded
from bots.backtest.watch import Watch
from bots.models import Backtest, BacktestKind

Work = Callable[[Backtest, Watch], tuple[Any, dict[str, Any]]]


def run_backtest(row: Backtest, watch: Watch) -> tuple[Any, dict[str, Any]]:
    request = kept.request_of(row.request)
    case = when_loaded(partial(service.case_of, request), watch)
    watch.tell(LOADING, f"Replaying {len(case.candles):,} candles.")
    case = replace(case, until=time.monotonic() + LONGEST, should_stop=watch.should_stop)
    found = report(case, FillModelName(request.fill_model))
    return found, kept.summary_of(found)


WORK: dict[str, Work] = {BacktestKind.RUN: run_backtest, BacktestKind.OPTIMIZE: run_optimise}
