"""Candles from files into the database: `./autogrid manage import_candles FILE... --symbol BTC/USDT`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketdata.candle_files import UnreadableFile
from marketdata.gaps import gap_lines
from marketdata.importing import ImportReport, import_file
from marketdata.management.spans import add_market, symbol_of
from marketdata.models import Timeframe


class Command(BaseCommand):
    help = (
        "Imports candles: CSV (time,open,high,low,close,volume; time in ms or ISO 8601), also gzipped, and the"
        " monthly and daily zip files of Binance's public archive. Candles of the same times are overwritten."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        add_market(parser)
        parser.add_argument("--timeframe", default="1m", choices=Timeframe.values)

    def handle(self, *args: Any, **options: Any) -> None:
        symbol = symbol_of(options)
        missing = [str(path) for path in options["files"] if not path.is_file()]
        if missing:
            raise CommandError(f"There is no such file: {', '.join(missing)}.")
        timeframe, total = options["timeframe"], 0
        for path in options["files"]:
            try:
                report = import_file(
                    path,
                    exchange=options["exchange"],
                    symbol=symbol,
                    timeframe=timeframe,
                    progress=self._progress(path) if sys.stderr.isatty() else None,
                )
            except UnreadableFile as error:
                raise CommandError(str(error)) from None
            self._tell(path, report, Timeframe(timeframe).milliseconds)
            total += report.stored
        self.stdout.write(f"{total:,} candles of {symbol} {timeframe} on {options['exchange']} are stored.")

    def _progress(self, path: Path) -> Any:
        def show(done: int, of: int) -> None:
            end = "\n" if done == of else ""
            self.stderr.write(f"\r{path.name}: {done:,} of {of:,}{end}", ending="")

        return show

    def _tell(self, path: Path, report: ImportReport, width: int) -> None:
        self.stdout.write(f"{path.name}: {report.rows:,} rows, {report.stored:,} stored.")
        for reason, count in report.rejected.most_common():
            self.stdout.write(f"  left out, {reason}: {count:,}")
        for line in gap_lines(report.gaps, width):
            self.stdout.write(f"  {line}")
