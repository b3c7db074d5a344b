"""Candles in files: CSV (`time,open,high,low,close,volume`, also gzipped), and the zip files of Binance's public
archive, whose rows have no header and more columns. By columns, a megabyte at a time: a year of
minutes is half a million rows."""

import gzip
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import polars as pl

from marketdata.validation import EARLIEST

COLUMNS = ("time", "open", "high", "low", "close", "volume")
NUMBERS = COLUMNS[1:]
PRICES = COLUMNS[1:5]
_PRICE = r"^\d{1,10}(\.\d{1,8}0*)?$"  # NUMERIC(18,8)
_VOLUME = r"^\d{1,16}(\.\d{1,8}0*)?$"  # NUMERIC(24,8)
_WITHOUT_ZONE = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_BLOCK = 1_000_000  # bytes read and judged at a time: bounds memory
_GZIP = b"\x1f\x8b"
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
    rows, good, rejected = 0, [], Counter[str]()
    try:
        for part in _parts(path):
            found = judged(part, width, now)
            rows += found.height
            rejected.update(dict(found["why"].drop_nulls().value_counts().iter_rows()))
            good.append(found.filter(pl.col("why").is_null()).select(COLUMNS))
    except (OSError, zipfile.BadZipFile, zlib.error, pl.exceptions.PolarsError, EOFError) as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error}") from None
    if not rows:
        raise UnreadableFile("The file has no rows.")
    ordered = pl.concat(good).sort("time", maintain_order=True)
    kept = ordered.filter(pl.col("time").ne_missing(pl.col("time").shift(-1)))
    rejected["given twice"] += ordered.height - kept.height
    return CandleFile(rows, kept, +rejected)


def _parts(path: Path) -> Iterator[pl.DataFrame]:
    """A megabyte of the file at a time, the six columns as text; a row with too few has nulls."""
    with _opened(path) as file:
        first = file.readline()
        if not first:
            return
        header = [name.strip().lower() for name in first.decode("utf-8-sig", "replace").split(",")]
        bare = header[0].isdecimal()
        where = _columns(list(COLUMNS[: len(header)]) if bare else header)
        rest = first if bare else b""
        while block := rest + file.read(_BLOCK):
            rest = b""
            yield _frame(block + file.readline(), len(header), where)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's text: as it stands, out of gzip, or the one CSV file in a zip."""
    with path.open("rb") as file:
        if path.suffix == ".zip":
            with zipfile.ZipFile(file) as archive, archive.open(_only_csv(path, archive)) as inner:
                yield inner
        elif file.peek(2)[:2] == _GZIP:
            with gzip.open(file) as unpacked:
                yield cast(IO[bytes], unpacked)
        else:
            yield file


def _only_csv(path: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if name.endswith(".csv")]
    if len(names) != 1:
        raise UnreadableFile(f"{path.name} must hold one CSV file and holds {len(names)}.")
    return names[0]


def _columns(header: list[str]) -> dict[str, int]:
    """Where each column stands in a row."""
    names = ["time" if name == "open_time" else name for name in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise UnreadableFile(
            f"The file's columns must be {','.join(COLUMNS)}; missing: {', '.join(missing)}."
        )
    return {name: names.index(name) for name in COLUMNS}


def _frame(block: bytes, width: int, where: dict[str, int]) -> pl.DataFrame:
    names = [f"column {number}" for number in range(width)]
    rows = pl.read_csv(
        block,
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        truncate_ragged_lines=True,
        missing_columns="insert",
        quote_char=None,
    )
    return rows.select(pl.col(names[number]).str.strip_chars().alias(name) for name, number in where.items())


def judged(rows: pl.DataFrame, width: int, now: int) -> pl.DataFrame:
    """The rows with `time` in ms and `why`: the first rule each breaks, null where it is good."""
    return rows.with_columns(_milliseconds()).with_columns(_fault(width, now).alias("why"))


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


def _fault(width: int, now: int) -> pl.Expr:
    """The rules are those of `validation.fault`."""
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
    return why
