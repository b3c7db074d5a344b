"""Candles from files into the database. Not for the bots' worker: polars costs it 50 MB."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from marketdata import candle_files
from marketdata.candle_files import CandleFile
from marketdata.models import Timeframe
from marketdata.services import store_rows

DAY = 86_400_000
_BATCH = 60_000  # rows a transaction: bounds memory and the time a lock is held


@dataclass
class ImportReport:
    """`gaps` are [first missing candle, next present one) in ms, within the file."""

    rows: int
    stored: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    gaps: list[tuple[int, int]] = field(default_factory=list)


def import_file(
    path: Path,
    *,
    exchange: str,
    symbol: str,
    timeframe: str,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Stores the file's good candles, overwriting those of the same times; the rest is counted by reason. What was
    stored stays when it is interrupted. `progress` is told (rows done, rows in all). Raises UnreadableFile."""
    width = Timeframe(timeframe).milliseconds
    found = candle_files.read(path, width=width, now=time.time_ns() // 1_000_000)
    report = ImportReport(found.rows, rejected=found.rejected, gaps=_gaps(found, width))
    for batch in found.good.iter_slices(_BATCH):
        store_rows(
            exchange=exchange,
            symbol=symbol,
            timeframe=timeframe,
            days=(batch["time"] // DAY).unique().to_list(),
            rows=batch.with_columns(pl.col("time") // 1000).write_csv(include_header=False, separator="\t"),
        )
        report.stored += batch.height
        if progress:
            progress(report.stored, found.good.height)
    return report


def _gaps(found: CandleFile, width: int) -> list[tuple[int, int]]:
    times = found.good.select(pl.col("time"), pl.col("time").diff().alias("step"))
    holes = times.filter(pl.col("step") > width)
    return [(after - step + width, after) for after, step in holes.iter_rows()]
