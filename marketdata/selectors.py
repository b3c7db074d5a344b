"""Reads of market data. Times are ms since 1970 UTC; ranges are half-open, [start, end)."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from bots.core.types import Candle
from marketdata.models import FollowedMarket, Timeframe

MAX_CANDLES = 5000

_SERIES = "exchange = %(exchange)s AND symbol = %(symbol)s AND timeframe = '1m'"
_RANGE = f"{_SERIES} AND time >= %(start)s AND time < %(end)s"
_FIRST = f"SELECT min(time) FROM ohlcv WHERE {_RANGE}"  # noqa: S608
_LAST = f"SELECT max(time) FROM ohlcv WHERE {_RANGE}"  # noqa: S608
_MINUTES = f"SELECT time, open, high, low, close, volume FROM ohlcv WHERE {_RANGE} ORDER BY time"  # noqa: S608
# Open and close are looked up by their minute, in scalar subqueries so that the planner cannot join whole
# series: far cheaper than sorting every bucket's rows.
_BUCKETS = f"""
SELECT bucket,
    (SELECT open FROM ohlcv WHERE {_RANGE} AND time = first),
    high, low,
    (SELECT close FROM ohlcv WHERE {_RANGE} AND time = last),
    volume
FROM (
    SELECT date_bin(%(width)s, time, 'epoch') AS bucket, min(time) AS first, max(time) AS last,
        max(high) AS high, min(low) AS low, sum(volume) AS volume
    FROM ohlcv WHERE {_RANGE} GROUP BY bucket
) buckets
ORDER BY bucket
"""  # noqa: S608
_HOLES = f"""
SELECT hole, next FROM (
    SELECT time + interval '1 minute' AS hole, lead(time, 1, %(end)s) OVER (ORDER BY time) AS next FROM (
        SELECT %(start)s - interval '1 minute' AS time
        UNION ALL SELECT time FROM ohlcv WHERE {_RANGE}
    ) minutes
) steps WHERE next > hole ORDER BY hole
"""  # noqa: S608


def candles(
    *,
    exchange: str,
    symbol: str,
    timeframe: str,
    start: int | None = None,
    end: int | None = None,
    limit: int = MAX_CANDLES,
) -> list[Candle]:
    """Candles that open in [start, end), oldest first, the forming one included. At most `limit` (and never
    more
    than MAX_CANDLES) buckets from the first stored at or after `start`; without `start`, the last ones before
    `end`. Buckets without a single minute are left out, so that holes stay visible."""
    width = Timeframe(timeframe).milliseconds
    query: dict[str, Any] = {"exchange": exchange, "symbol": symbol, "width": f"{width} milliseconds"}
    window = _window(query, width, start, end, min(limit, MAX_CANDLES))
    if window is None:
        return []
    query |= {"start": _datetime(window[0]), "end": _datetime(window[1])}
    rows = _all(_MINUTES if timeframe == Timeframe.M1 else _BUCKETS, query)
    return [Candle(_ms(time), *numbers) for time, *numbers in rows]


def _window(
    query: dict[str, Any], width: int, start: int | None, end: int | None, limit: int
) -> tuple[int, int] | None:
    """The range of minutes to read, whole buckets, anchored at a stored minute so that a hole never looks
    like the end of the series."""
    low = -(-(start or 0) // width) * width
    high = _FOREVER if end is None else -(-end // width) * width
    bounds = query | {"start": _datetime(low), "end": _datetime(high)}
    anchor = _all(_LAST if start is None else _FIRST, bounds)[0][0] if low < high else None
    if anchor is None:
        return None
    bucket = _ms(anchor) // width * width
    if start is None:
        return max(low, bucket - (limit - 1) * width), min(high, bucket + width)
    return bucket, min(high, bucket + limit * width)


def missing_ranges(exchange: str, symbol: str, start: int, end: int) -> list[tuple[int, int]]:
    """The holes in [start, end) among the stored minutes, each as [first missing minute, next stored
    minute)."""
    start, end = -(-start // 60_000) * 60_000, end // 60_000 * 60_000
    query = {"exchange": exchange, "symbol": symbol, "start": _datetime(start), "end": _datetime(end)}
    return [(_ms(first), _ms(after)) for first, after in _all(_HOLES, query)]


def last_candle_time(exchange: str, symbol: str) -> int | None:
    """When the newest stored minute opens."""
    query = {"exchange": exchange, "symbol": symbol, "start": _datetime(0), "end": _datetime(_FOREVER)}
    newest = _all(_LAST, query)[0][0]
    return None if newest is None else _ms(newest)


def followed(exchange: str, most: int) -> set[str]:
    """The symbols somebody wants now. The first comers are kept where there are more than `most`."""
    wanted = FollowedMarket.objects.filter(exchange=exchange, wanted_until__gt=timezone.now())
    return set(wanted.order_by("id").values_list("symbol", flat=True)[:most])


_FOREVER = 253_000_000_000_000 // 86_400_000 * 86_400_000  # in the year 9987, on a day's start


def _all(statement: str, query: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _datetime(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _ms(when: datetime) -> int:
    return int(when.timestamp()) * 1000
