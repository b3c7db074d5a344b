"""Waits in the background for candles, as long as it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

from bots.backtest.watch import Watch
from bots.core.ports import ExchangeUnavailable, RateLimited
from marketdata.completing import CandlesLoading

LOOK = 2.0  # seconds of fetching between two looks at whether to go on
LOADING = 0.3  # of the progress, at most, is the fetching of candles
LONGEST = 1800.0  # seconds of computing
OUTAGE = 300.0  # seconds for which an exchange that is away is waited for
RETRY = 5.0

T = TypeVar("T")


def when_loaded(look: Callable[[float], T], watch: Watch) -> T:
    """What `look(patience)` gives once the candles are here. Raises Stopped, and what else `look` raises."""
    until = time.monotonic() + OUTAGE
    watch.tell(0, "Reading the candles.")
    while True:
        watch.check()
        try:
            return look(LOOK)
        except CandlesLoading as loading:
            watch.tell(LOADING * loading.done, str(loading).partition(". ")[0] + ".")
            until = time.monotonic() + OUTAGE
        except (RateLimited, ExchangeUnavailable):
            if time.monotonic() > until:
                raise
            watch.tell(0, "The exchange does not answer: trying again.")
            watch.wait(RETRY)
