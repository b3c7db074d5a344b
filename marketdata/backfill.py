"""Asks the exchange for the minutes we miss."""

from collections.abc import Callable
from typing import Protocol

from bots.core.types import Candle
from marketdata.selectors import missing_ranges
from marketdata.services import StoreReport, store_candles
from marketdata.threads import in_database
from marketdata.validation import MINUTE

_PAGE = 1000


class CandleSource(Protocol):
    """What is asked of an ExchangeConnector here."""

    exchange: str

    async def exchange_time(self) -> int: ...

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]: ...


async def backfill(
    connector: CandleSource,
    *,
    symbol: str,
    start: int,
    end: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    report: StoreReport | None = None,
) -> StoreReport:
    """Stores the missing closed minutes of [start, end) ms, page by page; what is stored stays, so that an
    interrupted run costs nothing. `progress` is told (minutes done, minutes in all) after each page; `report` is added
    to, where one is given. Minutes the exchange itself does not have stay missing. Raises what `connector.candles`
    raises."""
    closed = await connector.exchange_time() // MINUTE * MINUTE
    end = closed if end is None else min(end, closed)
    report, cursor = StoreReport() if report is None else report, start
    holes = await in_database(missing_ranges, connector.exchange, symbol, start, end) if start < end else []
    for first, after in holes:
        cursor = max(cursor, first)
        while cursor < after:
            wanted = (holes[-1][1] - cursor) // MINUTE
            page = await connector.candles(symbol, cursor, min(wanted, _PAGE))
            page = [candle for candle in page if cursor <= candle.time < end]
            if not page:
                return report  # the exchange has nothing from here on
            stored = await in_database(
                store_candles, exchange=connector.exchange, symbol=symbol, candles=page
            )
            report.stored += stored.stored
            report.rejected += stored.rejected
            cursor = page[-1].time + MINUTE
            if progress:
                progress((min(cursor, end) - start) // MINUTE, (end - start) // MINUTE)
    return report
