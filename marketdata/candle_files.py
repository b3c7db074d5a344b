"""Candles in files: CSV (`time,open,high,low,close,volume`, also gzipped), and the zip files of Binance's public
archive, whose rows have no header and more columns. Whole columns at a time: a year of minutes is half a million
rows."""

import io
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from marketdata.validation import EARLIEST

COLUMNS = ("time", "open", "high", "low", "close", "volume")
NUMBERS = COLUMNS[1:]
PRICES = COLUMNS[1:5]
_PRICE = r"^\d{1,10}(\.\d{1,8}0*)?$"  # NUMERIC(18,8)
_VOLUME = r"^\d{1,16}(\.\d{1,8}0*)?$"  # NUMERIC(24,8)
_WITHOUT_ZONE = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_MICROSECONDS = 10**15  # the archive's times since 2025; in ms this is the year 33658


class UnreadableFile(Exception):
    """The sentence says what is wrong with the file and what it should look like."""


@dataclass
class CandleFile:
    """`good` has int ms `time` and the numbers as the text they were, sorted by time, each time once."""

    rows: int
    good: pl.DataFrame
    rejected: Counter[str] = field(default_factory=Counter)


def read(path: Path, *, width: int, now: int) -> CandleFile:
    """`width` is the timeframe in ms, `now` the current time in ms. Raises UnreadableFile."""
    try:
        raw = _frame(_content(path))
    except (OSError, zipfile.BadZipFile, pl.exceptions.PolarsError, EOFError) as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error}") from None
    return _sort_out(raw.with_columns(_milliseconds()), width, now)


def _content(path: Path) -> bytes:
    """Of the file, or of the one CSV file in a zip. Polars itself opens gzip."""
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".csv")]
        if len(names) != 1:
            raise UnreadableFile(f"{path.name} must hold one CSV file and holds {len(names)}.")
        return archive.read(names[0])


def _frame(content: bytes) -> pl.DataFrame:
    """All columns as text; a row with too few has nulls, what is beyond the sixth is left out."""
    rows = pl.read_csv(
        io.BytesIO(content), has_header=False, infer_schema=False, truncate_ragged_lines=True, quote_char=None
    )
    if rows.is_empty():
        raise UnreadableFile("The file has no rows.")
    header = [str(name or "").strip().lower() for name in rows.row(0)]
    if header[0].isdecimal():
        names = list(COLUMNS)
    else:
        rows, names = rows.slice(1), ["time" if name == "open_time" else name for name in header]
    missing = [name for name in COLUMNS if name not in names[: rows.width]]
    if missing or (header[0].isdecimal() and rows.width < len(COLUMNS)):
        raise UnreadableFile(
            f"The file's columns must be {','.join(COLUMNS)}; missing: {', '.join(missing)}."
        )
    return rows.select(
        pl.col(rows.columns[names.index(name)]).str.strip_chars().alias(name) for name in COLUMNS
    )


def _milliseconds() -> pl.Expr:
    """ms, the archive's microseconds, or ISO 8601 (UTC where no zone is named). Null where it is none of these."""
    whole = pl.col("time").str.to_integer(strict=False, dtype=pl.Int64)
    text = pl.col("time").str.replace("T", " ", literal=True).str.replace(r"(Z| ?UTC)$", "+00:00")
    zoned = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", time_unit="ms", strict=False)
    plain = [text.str.to_datetime(form, time_unit="ms", strict=False) for form in _WITHOUT_ZONE]
    iso = pl.coalesce(zoned.dt.epoch("ms"), *(each.dt.epoch("ms") for each in plain))
    # A microsecond off the millisecond must stay off the minute.
    small = whole // 1000 + (whole % 1000 != 0).cast(pl.Int64)
    return pl.coalesce(pl.when(whole >= _MICROSECONDS).then(small).otherwise(whole), iso).alias("time")


def _sort_out(rows: pl.DataFrame, width: int, now: int) -> CandleFile:
    """The first rule a row breaks is its reason; the rules are those of `validation.fault`."""
    value = {name: pl.col(name).cast(pl.Decimal(38, 8), strict=False) for name in NUMBERS}
    prices = pl.all_horizontal(
        pl.col(name).str.contains(_PRICE).fill_null(False) & (value[name] > 0) for name in PRICES
    )
    rules = {
        "time not ms or ISO 8601": pl.col("time").is_not_null(),
        "not on the minute" if width == 60_000 else "not on the timeframe": pl.col("time") % width == 0,
        "not closed yet, or before 2009": pl.col("time").is_between(EARLIEST, now - width),
        "price not a positive number of at most 10 digits and 8 decimals": prices,
        "volume not a number of at most 16 digits and 8 decimals, zero or more": pl.col("volume")
        .str.contains(_VOLUME)
        .fill_null(False),
        "high below open, close or low": value["high"]
        >= pl.max_horizontal(value["open"], value["close"], value["low"]),
        "low above open or close": value["low"] <= pl.min_horizontal(value["open"], value["close"]),
    }
    why = pl.lit(None, pl.String)
    for reason, holds in reversed(rules.items()):
        why = pl.when(holds).then(why).otherwise(pl.lit(reason))
    judged = rows.with_columns(why.alias("why"))
    rejected = Counter(
        {str(reason): count for reason, count in judged["why"].drop_nulls().value_counts().iter_rows()}
    )
    good = judged.filter(pl.col("why").is_null()).select(COLUMNS)
    kept = good.unique("time", keep="last", maintain_order=True).sort("time")
    rejected["given twice"] += good.height - kept.height
    return CandleFile(rows.height, kept, +rejected)
