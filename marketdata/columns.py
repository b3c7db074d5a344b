"""Candles as numpy columns, for whoever computes over hundreds of thousands of them.

A month is read from the database once and then kept as a file, because the database takes hundreds of times longer
to hand over a year of rows than a backtest takes to walk through them. A file holds what its version says
(`CandleMonth`); each write to the month makes a new version, whoever writes."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from marketdata.models import CandleMonth, Timeframe

SCALE = 100_000_000  # prices are whole numbers of 1e-8 quote: exact, and compared as fast as floats
NEARLY = 0.9  # of the longest stretch: what a shorter timeframe must cover to be taken

_HEADER, _TRAILER = 19, 2  # bytes around the tuples of a binary COPY
_FIELDS = ("time", "open", "high", "low", "close", "volume")
_TUPLE = np.dtype([("count", ">i2"), *((part, kind) for name in _FIELDS for part, kind in (
    (f"{name}_size", ">i4"), (name, ">f8" if name == "volume" else ">i8")))])  # fmt: skip
_SELECT = f"""
COPY (
    SELECT (extract(epoch FROM time) * 1000)::int8, (open * {SCALE})::int8, (high * {SCALE})::int8,
        (low * {SCALE})::int8, (close * {SCALE})::int8, volume::float8
    FROM ohlcv
    WHERE exchange = %s AND symbol = %s AND timeframe = %s AND time >= %s AND time < %s ORDER BY time
) TO STDOUT (FORMAT BINARY)
"""  # noqa: S608

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """Oldest first, all of one length. `time` is the opening in ms, prices are in 1e-8 quote, `volume` in base."""

    time: Numbers
    open: Numbers
    high: Numbers
    low: Numbers
    close: Numbers
    volume: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)

    def within(self, start: int, end: int) -> "Columns":
        """Those that open in [start, end) ms."""
        low, high = np.searchsorted(self.time, (start, end))
        return Columns(*(getattr(self, name)[low:high] for name in _FIELDS))


def read(*, exchange: str, symbol: str, timeframe: str, start: int, end: int) -> Columns:
    """The stored candles of exactly this timeframe that open in [start, end) ms."""
    series = (exchange, symbol, timeframe)
    months = list(_months(start, end))
    versions = _versions(series, months)
    tables = [_month(series, month, versions.get(month, 0)) for month in months]
    table = np.empty((len(_FIELDS), sum(each.shape[1] for each in tables)), np.int64)
    if tables:
        np.concatenate(tables, axis=1, out=table)
    return _columns(table).within(start, end)


def finest(*, exchange: str, symbol: str, start: int, end: int) -> str | None:
    """The shortest timeframe that covers (nearly) as much of [start, end) ms as any that is stored: a week of minutes
    does not stand for a year of hours. None where nothing is stored in these months."""
    stored = CandleMonth.objects.filter(exchange=exchange, symbol=symbol, month__in=list(_months(start, end)))
    have = set(stored.values_list("timeframe", flat=True).distinct())
    frames = [frame for frame in Timeframe if frame.value in have]
    if len(frames) < 2:
        return frames[0].value if frames else None
    span: dict[str, Any] = {"exchange": exchange, "symbol": symbol, "start": start, "end": end}
    covered = {frame: len(read(**span, timeframe=frame.value)) * frame.milliseconds for frame in frames}
    enough = NEARLY * max(covered.values())
    return next(frame.value for frame in frames if covered[frame] >= enough)


def holes(columns: Columns, width: int, start: int, end: int) -> list[tuple[int, int]]:
    """Where candles of `width` ms are missing in [start, end): [first missing, next present) each."""
    edges = np.concatenate(([start - width], columns.time, [end])) if start < end else np.zeros(0, np.int64)
    wide = np.flatnonzero(np.diff(edges) > width)
    return [(int(edges[i]) + width, int(edges[i + 1])) for i in wide]


def aggregate(columns: Columns, width: int) -> Columns:
    """Candles of `width` ms from shorter ones; buckets without a single one are left out."""
    if not len(columns):
        return columns
    bucket = columns.time // width
    first = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    last = np.append(first[1:], len(bucket)) - 1
    return Columns(
        time=bucket[first] * width,
        open=columns.open[first],
        high=np.maximum.reduceat(columns.high, first),
        low=np.minimum.reduceat(columns.low, first),
        close=columns.close[last],
        volume=np.add.reduceat(columns.volume, first),
    )


def _columns(table: Numbers) -> Columns:
    time, opening, high, low, close = table[:5]
    return Columns(time, opening, high, low, close, table[5].view(np.float64))


def _months(start: int, end: int) -> Iterator[date]:
    if start >= end:
        return
    month = datetime.fromtimestamp(start / 1000, UTC).date().replace(day=1)
    while _ms(month) < end:
        yield month
        month = _next(month)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _versions(series: tuple[str, str, str], months: list[date]) -> dict[date, int]:
    exchange, symbol, timeframe = series
    rows = CandleMonth.objects.filter(exchange=exchange, symbol=symbol, timeframe=timeframe, month__in=months)
    return dict(rows.values_list("month", "version"))


def _month(series: tuple[str, str, str], month: date, version: int) -> Numbers:
    """Rows: the five whole numbers, then the bits of the volume. A file is mapped, which saves a copy of it."""
    folder = Path(settings.HOME, "candles", *(name.replace("/", "-") for name in series))
    kept = folder / f"{month:%Y-%m}.{version}.npy"
    with suppress(OSError, ValueError):  # none, or one cut short: read anew
        found: Numbers = np.load(kept, mmap_mode="r")
        return found
    table = _from_database(series, month)
    if _versions(series, [month]).get(month, 0) == version:
        _keep(kept, table)
    return table


def _from_database(series: tuple[str, str, str], month: date) -> Numbers:
    bounds = [datetime(day.year, day.month, 1, tzinfo=UTC) for day in (month, _next(month))]
    with connection.cursor() as cursor, cursor.copy(_SELECT, [*series, *bounds]) as copy:
        return _table(b"".join(bytes(block) for block in copy))


def _table(copied: bytes) -> Numbers:
    """Postgres sends every field as its size and its big-endian bytes; no field here is null."""
    count = max(0, len(copied) - _HEADER - _TRAILER) // _TUPLE.itemsize
    rows = np.frombuffer(copied, _TUPLE, count, _HEADER if count else 0)
    table = np.empty((len(_FIELDS), count), np.int64)
    for number, name in enumerate(_FIELDS[:5]):
        table[number] = rows[name]
    table[5] = rows["volume"].astype(np.float64).view(np.int64)
    return table


def _keep(path: Path, table: Numbers) -> None:
    """Whole or not at all; older versions go. No file is no harm: the database has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    with suppress(OSError):
        with draft.open("wb") as file:
            np.save(file, table)
        draft.rename(path)
        for old in path.parent.glob(f"{path.name.split('.')[0]}.*.npy"):
            if old != path:
                old.unlink(missing_ok=True)
