"""Streams of exchanges that have none for us: what changed is found by asking again and again."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from bots.core.ports import AccountRefused, ExchangeError, UnknownSymbol
from bots.core.types import OrderReport, OrderStatus
from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.markets import Markets
from exchanges.connector.prices import OnCandle, OnTicker
from exchanges.connector.rest import RestConnector
from exchanges.connector.stream import AccountStream, OnEvent, StreamReset

log = logging.getLogger(__name__)

MINUTE = 60_000
AT_ONCE = 10
PATIENCE = 5  # looks at an order that was accepted and that the exchange does not show yet


def pause_of(facts: ExchangeFacts) -> float:
    return facts.poll_seconds


class PolledAccountStream(AccountStream):
    """Costs one request a look and symbol; more only where an order has changed."""

    async def _connection(self, on_event: OnEvent) -> None:
        await self._markets.ready()
        seen: dict[str, dict[str, OrderReport]] = {}
        late: dict[str, int] = {}
        live = False
        while True:
            for symbol in sorted(self._symbols()):
                await self._look(symbol, seen, late, on_event)
            if not live:
                live = True
                on_event(StreamReset())
            await asyncio.sleep(pause_of(self._venue.facts))

    async def _look(
        self, symbol: str, seen: dict[str, dict[str, OrderReport]], late: dict[str, int], on_event: OnEvent
    ) -> None:
        placed = self._connector.take_placed(symbol)
        shown = {report.client_id: report for report in await self._connector.open_orders(symbol)}
        before = seen.get(symbol, shown) | {
            name: report for name, report in placed.items() if name not in seen.get(symbol, {})
        }
        for name, report in shown.items():
            if before.get(name) != report:
                await self._tell(report, before.get(name), on_event)
        for name in before.keys() - shown.keys():
            final = await self._connector.fetch_order(symbol, name)
            if final is not None:
                await self._tell(final, before[name], on_event)
            if final is None or final.status is OrderStatus.OPEN:
                late[name] = late.get(name, 0) + 1
                if late[name] < PATIENCE:
                    shown[name] = final or before[name]
                    continue
            late.pop(name, None)
        seen[symbol] = shown

    async def _tell(self, report: OrderReport, before: OrderReport | None, on_event: OnEvent) -> None:
        """The fills first, then the state they led to."""
        if report.filled > (before.filled if before else 0):
            for fill in await self._connector.order_fills(report.symbol, report.exchange_id):
                on_event(replace(fill, client_id=report.client_id))
        on_event(report)


class PolledPriceStream:
    """Prices every few seconds, and each minute the one that has closed."""

    def __init__(self, markets: Markets, connector: RestConnector) -> None:
        self._markets, self._connector = markets, connector
        self._closed: dict[str, int] = {}  # the last minute that was told

    async def run(
        self, symbols: Callable[[], set[str]], on_ticker: OnTicker, on_closed_candle: OnCandle
    ) -> None:
        room = asyncio.Semaphore(AT_ONCE)
        try:
            await self._markets.ready()
            while True:
                looks = (self._look(symbol, on_ticker, on_closed_candle, room) for symbol in symbols())
                pause = asyncio.sleep(pause_of(self._markets.venue.facts))
                await asyncio.gather(pause, *looks)
        finally:
            await self._connector.close()

    async def _look(
        self, symbol: str, on_ticker: OnTicker, on_candle: OnCandle, room: asyncio.Semaphore
    ) -> None:
        async with room:
            try:
                ticker = await self._connector.ticker(symbol)
                minute = await self._connector.exchange_time() // MINUTE * MINUTE
                known = self._closed.setdefault(symbol, minute - MINUTE)
                candles = []
                if known < minute - MINUTE:
                    candles = await self._connector.candles(symbol, known + MINUTE, 10)
            except UnknownSymbol:
                return
            except AccountRefused:
                raise
            except ExchangeError as error:
                log.info("%s of %s: %s", symbol, self._markets.venue.facts.name, error.detail)
                return
        on_ticker(ticker)
        for candle in candles:
            if known < candle.time < minute:
                self._closed[symbol] = candle.time
                on_candle(symbol, candle)
