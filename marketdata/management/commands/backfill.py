"""The candles an exchange has and we miss: `./autogrid manage backfill --symbol BTC/USDT --days 365`."""

import asyncio
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bots.core.ports import ExchangeError, ExchangeUnavailable, RateLimited
from exchanges import services as exchanges
from marketdata.backfill import CandleSource, backfill
from marketdata.gaps import gap_lines
from marketdata.management.spans import add_days, add_market, span_of, symbol_of
from marketdata.models import Timeframe
from marketdata.selectors import missing_ranges
from marketdata.services import StoreReport
from marketdata.validation import MINUTE

BAR = 40
TRIES = 8  # in a row without a single page, before it ends
LONGEST_PAUSE = 60.0


class Command(BaseCommand):
    help = (
        "Fetches missing 1m candles from the exchange, within its rate limits. What is stored is not asked for again: "
        "after an interruption run it once more. Longer candles are made of these."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_market(parser)
        parser.add_argument("--timeframe", default=Timeframe.M1.value, choices=[Timeframe.M1.value])
        add_days(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        exchange, symbol, (start, end) = options["exchange"], symbol_of(options), span_of(options)
        work = Backfill(exchange, symbol, start, end, self._bar if sys.stderr.isatty() else lambda *_: None)
        try:
            asyncio.run(work.run())
        except ExchangeError as error:
            raise CommandError(
                f"{exchange} does not hand out candles of {symbol}: {error.detail} "
                f"{work.report.stored:,} are stored; run it again to go on."
            ) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped. What is stored stays; run it again to go on.") from None
        self._tell(exchange, symbol, start, end, work.report)

    def _bar(self, done: int, of: int) -> None:
        filled = BAR * done // max(1, of)
        text = f"\r[{'#' * filled}{'.' * (BAR - filled)}] {100 * done // max(1, of):3} %  {done:,} of {of:,} minutes"
        self.stderr.write(text, ending="\n" if done == of else "")

    def _tell(self, exchange: str, symbol: str, start: int, end: int, report: StoreReport) -> None:
        self.stdout.write(f"{report.stored:,} candles of {symbol} 1m on {exchange} were fetched and stored.")
        for reason, count in report.rejected.most_common():
            self.stdout.write(f"  left out, {reason}: {count:,}")
        gaps = missing_ranges(exchange, symbol, start, end)
        missing = sum(after - first for first, after in gaps) // MINUTE
        of = (end - start) // MINUTE
        self.stdout.write(f"{of - missing:,} of {of:,} minutes are here, {missing:,} are missing.")
        for line in gap_lines(gaps, MINUTE):
            self.stdout.write(f"  {line}")


class Backfill:
    """One run; goes on by itself after moments in which the exchange does not answer."""

    def __init__(self, exchange: str, symbol: str, start: int, end: int, told: Any) -> None:
        self.exchange, self.symbol, self.start, self.end, self.told = exchange, symbol, start, end, told
        self.report = StoreReport()
        self.pause = 2.0
        self._vain = 0

    async def run(self) -> None:
        """Raises ExchangeError."""
        connector = await exchanges.open_public(self.exchange)
        try:
            await connector.market(self.symbol)  # an unknown symbol is said at once
            await self.patiently(connector)
        finally:
            await connector.close()
            await exchanges.close_hub()

    async def patiently(self, connector: CandleSource) -> None:
        """Raises ExchangeError."""
        span: dict[str, Any] = {"symbol": self.symbol, "start": self.start, "end": self.end}
        while True:
            try:
                await backfill(connector, **span, progress=self._progress, report=self.report)
            except (ExchangeUnavailable, RateLimited):
                self._vain += 1
                if self._vain >= TRIES:
                    raise
                await asyncio.sleep(min(LONGEST_PAUSE, self.pause * 2**self._vain))
            else:
                return

    def _progress(self, done: int, of: int) -> None:
        self._vain = 0
        self.told(done, of)
