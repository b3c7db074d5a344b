"""Fetches the minutes that somebody wants to compute over and nobody has stored yet."""

import time
from collections.abc import Callable
from typing import Any

from django.core.cache import cache

from bots.core.types import Candle
from exchanges.services import fetch_candles
from marketdata import columns
from marketdata.models import Timeframe
from marketdata.services import store_candles
from marketdata.validation import MINUTE

PAGE = 1000
PATIENCE = 45.0  # seconds a request may wait for its candles
NOT_THERE = 86_400  # seconds for which the exchange is not asked again for what it does not have

Fetch = Callable[[str, str, int, int], list[Candle]]


class CandlesLoading(Exception):
    """More is missing than can be waited for; what was fetched stays. The sentence says how far it is, `done` as a
    fraction."""

    def __init__(self, sentence: str, done: float) -> None:
        super().__init__(sentence)
        self.done = done


def complete(
    *,
    exchange: str,
    symbol: str,
    start: int,
    end: int,
    patience: float = PATIENCE,
    fetch: Fetch = fetch_candles,
) -> columns.Columns:
    """The closed minutes of [start, end) ms; those that are missing and that the exchange has are stored first. Raises
    CandlesLoading after `patience` seconds, and what `fetch` raises."""
    last = min(end, int(time.time() * 1000) // MINUTE * MINUTE)
    until = time.monotonic() + patience
    span: dict[str, Any] = {"exchange": exchange, "symbol": symbol, "start": start, "end": last}
    stored = columns.read(**span, timeframe=Timeframe.M1.value)
    holes = columns.holes(stored, MINUTE, start, last)
    missing, fetched = sum(after - first for first, after in holes), False
    for first, after in holes:
        known = f"no-candles:{exchange}:{symbol}:{first}:{after}"
        if cache.get(known):
            continue
        cursor = first
        while cursor < after:
            if time.monotonic() > until:
                raise _progress(symbol, missing, start, last, exchange)
            page = fetch(exchange, symbol, cursor, min(PAGE, (after - cursor) // MINUTE))
            page = [candle for candle in page if cursor <= candle.time < after]
            if not page:
                cache.set(known, True, NOT_THERE)
                break
            store_candles(exchange=exchange, symbol=symbol, candles=page)
            cursor, fetched = page[-1].time + MINUTE, True
    return columns.read(**span, timeframe=Timeframe.M1.value) if fetched else stored


def _progress(symbol: str, missing: int, start: int, end: int, exchange: str) -> CandlesLoading:
    stored = columns.read(
        exchange=exchange, symbol=symbol, timeframe=Timeframe.M1.value, start=start, end=end
    )
    left = sum(after - first for first, after in columns.holes(stored, MINUTE, start, end))
    done = (missing - left) / missing
    return CandlesLoading(
        f"The candles of {symbol} are being fetched from the exchange: {int(100 * done)} % are here. "
        "Ask again to go on.",
        done,
    )
