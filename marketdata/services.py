"""Writes of market data: whom the collector follows, and candles."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from time import time
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bots.core.types import Candle
from marketdata.models import FollowedMarket, Timeframe
from marketdata.partitions import ensure_month, month_of
from marketdata.validation import fault

FOLLOW_FOR = timedelta(hours=24)
_BATCH = 20_000  # rows per transaction: bounds memory and the time a lock is held

_STAGE = """
CREATE TEMPORARY TABLE candles_in (
    seconds bigint, open numeric, high numeric, low numeric, close numeric, volume numeric
) ON COMMIT DROP
"""
_SERIES = "o.exchange = %(exchange)s AND o.symbol = %(symbol)s AND o.timeframe = %(timeframe)s"
_SAME = f"{_SERIES} AND o.time >= %(first)s AND o.time < %(after)s AND o.time = to_timestamp(c.seconds)"
# Writers of one series wait for each other, which lets this be two plain statements: ON CONFLICT takes three times
# as long. Rows that say what is already stored are left alone: a repeated import makes no dead rows.
_LOCK = (
    "SELECT pg_advisory_xact_lock(hashtext('ohlcv'), hashtext(%(exchange)s || %(symbol)s || %(timeframe)s))"
)
_UPDATE = f"""
UPDATE ohlcv AS o SET open = c.open, high = c.high, low = c.low, close = c.close, volume = c.volume
FROM candles_in c WHERE {_SAME}
    AND (o.open, o.high, o.low, o.close, o.volume) IS DISTINCT FROM (c.open, c.high, c.low, c.close, c.volume)
"""  # noqa: S608
_INSERT = f"""
INSERT INTO ohlcv (time, exchange, symbol, timeframe, open, high, low, close, volume)
SELECT to_timestamp(c.seconds), %(exchange)s, %(symbol)s, %(timeframe)s, c.open, c.high, c.low, c.close, c.volume
FROM candles_in c WHERE NOT EXISTS (SELECT FROM ohlcv o WHERE {_SAME})
"""  # noqa: S608
# Whoever keeps a copy of a month's candles sees by its version that it is old.
_CHANGED = """
INSERT INTO candle_months AS m (exchange, symbol, timeframe, month, version)
SELECT %(exchange)s, %(symbol)s, %(timeframe)s, (month AT TIME ZONE 'UTC')::date, 1
FROM unnest(%(months)s::timestamptz[]) AS month
ON CONFLICT (exchange, symbol, timeframe, month) DO UPDATE SET version = m.version + 1
"""


@dataclass
class StoreReport:
    """`stored` minutes are now as given; `rejected` counts the rows that are not, by reason."""

    stored: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


def follow(*, exchange: str, symbol: str) -> None:
    """Asks the collector to stream this market for the next 24 hours. Cheap to repeat: it writes once an
    hour."""
    now = timezone.now()
    recent = {"wanted_until__gt": now + FOLLOW_FOR - timedelta(hours=1)}
    if FollowedMarket.objects.filter(exchange=exchange, symbol=symbol, **recent).exists():
        return
    FollowedMarket.objects.bulk_create(
        [FollowedMarket(exchange=exchange, symbol=symbol, wanted_until=now + FOLLOW_FOR)],
        update_conflicts=True,
        unique_fields=["exchange", "symbol"],
        update_fields=["wanted_until"],
    )


def store_candles(*, exchange: str, symbol: str, candles: Iterable[Candle]) -> StoreReport:
    """Stores closed 1m candles; a minute that is already stored is overwritten. Takes any number in bounded
    memory,
    each batch in a transaction of its own. Of a minute given twice in a batch the last counts."""
    report, rest = StoreReport(), iter(candles)
    now = int(time() * 1000)
    while batch := list(islice(rest, _BATCH)):
        good: dict[int, Candle] = {}
        for candle in batch:
            if why := fault(candle, now):
                report.rejected[why] += 1
            else:
                report.rejected["given twice"] += candle.time in good
                good[candle.time] = candle
        _write(exchange, symbol, list(good.values()))
        report.stored += len(good)
    report.rejected = +report.rejected
    return report


def store_rows(*, exchange: str, symbol: str, timeframe: str, days: Iterable[int], rows: str | bytes) -> None:
    """Stores checked candles, overwriting those of the same times. `rows` are lines of seconds, open, high, low,
    close and volume, separated by tabs, each time once; `days` (since 1970) are those the rows fall on."""
    starts = sorted(datetime.fromtimestamp(day * 86_400, UTC) for day in set(days))
    months = sorted(set(map(month_of, starts)))
    for month in months:
        ensure_month("ohlcv", month)
    series: dict[str, Any] = {"exchange": exchange, "symbol": symbol, "timeframe": timeframe}
    span = {**series, "first": starts[0], "after": starts[-1] + timedelta(days=1)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy("COPY candles_in FROM STDIN") as copy:
            copy.write(rows)  # a third of the cost of write_row, and numbers need no escaping
        cursor.execute(_LOCK, series)
        changed = 0
        for statement in (_UPDATE, _INSERT):
            cursor.execute(statement, span)
            changed += cursor.rowcount
        if changed:
            cursor.execute(_CHANGED, {**series, "months": months})
        cursor.execute("DROP TABLE candles_in")  # the caller's transaction may go on


def _write(exchange: str, symbol: str, candles: list[Candle]) -> None:
    if not candles:
        return
    rows = "".join(f"{c.time // 1000}\t{c.open}\t{c.high}\t{c.low}\t{c.close}\t{c.volume}\n" for c in candles)
    days = {candle.time // 86_400_000 for candle in candles}
    store_rows(exchange=exchange, symbol=symbol, timeframe=Timeframe.M1.value, days=days, rows=rows)
