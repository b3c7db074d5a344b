"""Where stored candles are missing: `./autogrid manage candles_gaps --symbol BTC/USDT --from 2024-01-01`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from marketdata import columns
from marketdata.gaps import gap_lines
from marketdata.management.spans import add_days, add_market, span_of, symbol_of
from marketdata.models import Timeframe


class Command(BaseCommand):
    help = "Reports the gaps among the stored candles of a market; asks no exchange."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_market(parser)
        parser.add_argument("--timeframe", default=Timeframe.M1.value, choices=Timeframe.values)
        add_days(parser)
        parser.add_argument("--all", action="store_true", help="every gap, not only the longest")

    def handle(self, *args: Any, **options: Any) -> None:
        exchange, symbol, (start, end) = options["exchange"], symbol_of(options), span_of(options)
        frame = Timeframe(options["timeframe"])
        width = frame.milliseconds
        start, end = -(-start // width) * width, end // width * width
        stored = columns.read(exchange=exchange, symbol=symbol, timeframe=frame.value, start=start, end=end)
        gaps = columns.holes(stored, width, start, end)
        of = (end - start) // width
        text = f"{len(stored):,} of {of:,} candles of {symbol} {frame.value} on {exchange} are here"
        self.stdout.write(f"{text}, {of - len(stored):,} are missing in {len(gaps):,} gaps.")
        for line in gap_lines(gaps, width, len(gaps) if options["all"] else 10):
            self.stdout.write(f"  {line}")
