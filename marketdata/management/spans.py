"""What commands about a market's candles have in common: the market and the days."""

import re
import time
from argparse import ArgumentParser
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import CommandError

from exchanges.connector.facts import FACTS

_SYMBOL = re.compile(r"[A-Z0-9]{1,9}/[A-Z0-9]{1,9}")
EARLIEST = date(2009, 1, 1)  # nothing was traded before


def add_market(parser: ArgumentParser) -> None:
    parser.add_argument("--exchange", default="binance", choices=sorted(FACTS))
    parser.add_argument("--symbol", required=True, help="as in BTC/USDT")


def symbol_of(options: dict[str, Any]) -> str:
    """Raises CommandError."""
    symbol: str = options["symbol"].upper()
    if not _SYMBOL.fullmatch(symbol):
        raise CommandError(f"--symbol must be like BTC/USDT, not {options['symbol']}.")
    return symbol


def add_days(parser: ArgumentParser) -> None:
    parser.add_argument("--days", type=int, help="the last so many days")
    parser.add_argument("--from", dest="start", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument(
        "--to", dest="end", type=date.fromisoformat, metavar="YYYY-MM-DD", help="this day included"
    )


def span_of(options: dict[str, Any]) -> tuple[int, int]:
    """[start, end) in ms, UTC; not beyond the last closed minute. Raises CommandError."""
    now = datetime.now(UTC)
    days, start, end = options["days"], options["start"], options["end"] or now.date()
    if (days is None) == (start is None):
        raise CommandError("Say either --days N or --from YYYY-MM-DD (and --to, where it is not today).")
    if days is not None and days < 1:
        raise CommandError(f"--days must be at least 1, not {days}.")
    first = start or now.date() - timedelta(days=days)
    if end > now.date():
        raise CommandError(f"--to must not be after today, {now:%Y-%m-%d} (UTC).")
    if end < first:
        raise CommandError(f"--to ({end}) must not be before {first}.")
    if first < EARLIEST:
        raise CommandError(f"--from must not be before {EARLIEST}: nothing was traded then.")
    closed = time.time_ns() // 60_000_000_000 * 60_000
    return _ms(first), min(_ms(end + timedelta(days=1)), closed)


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
