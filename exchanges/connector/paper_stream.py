"""What happens to a paper account's orders: its prices, matched as they come.

Prices are applied in the order of time, each once per order: candles for what nobody watched, then the live
prices. That an order fills twice is not possible whatever is applied again, since a filled order is gone."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from bots.core import ports
from bots.core.types import ZERO, Market, OrderReport, OrderRequest, OrderStatus, Side, Ticker
from exchanges.connector.paper import (
    MINUTE,
    Clock,
    PaperConnector,
    Step,
    Watcher,
    from_candle,
    from_ticker,
)
from exchanges.connector.stream import Event, StreamReset

log = logging.getLogger(__name__)

GAP_MS = 10_000  # without a price: what happened meanwhile is read from candles
LOOK_EVERY = 5.0  # seconds between two looks at what other processes did to the account
REMEMBER_EVERY_MS = 20_000
AGAIN = 2.0  # seconds after the database or the exchange did not answer
PAGE = 1000
NEVER = Decimal("Infinity")


class Prices(Protocol):
    """Live public prices. `subscribe` calls back on the caller's loop and answers what ends it; `is_stale` says
    that the prices of a market come, if at all, by asking now and then."""

    def subscribe(
        self, exchange: str, symbol: str, callback: Callable[[Ticker], None]
    ) -> Callable[[], None]: ...

    def is_stale(self, exchange: str, symbol: str) -> bool: ...


@dataclass(slots=True)
class Watched:
    """One market with orders: which prices would touch them, and which did."""

    unsubscribe: Callable[[], None] = lambda: None
    steps: list[Step] = field(default_factory=list)  # not yet applied
    price: Decimal | None = None  # of the last trade
    heard: int = 0  # when the last live price came
    remembered: int = 0
    gap: bool = False  # prices were missed since then
    _orders: dict[str, tuple[Side, Decimal]] = field(default_factory=dict)  # by client id
    _band: tuple[Decimal, Decimal] | None = None  # between highest buy and lowest sell nothing happens

    def add(self, client_id: str, side: Side, price: Decimal) -> None:
        self._orders[client_id] = (side, price)
        self._band = None

    def remove(self, client_id: str) -> None:
        if self._orders.pop(client_id, None) is not None:
            self._band = None

    def touches(self, step: Step) -> bool:
        """Asked at every price: two comparisons."""
        if self._band is None:
            prices = self._orders.values()
            highest_buy = max((price for side, price in prices if side is Side.BUY), default=ZERO)
            lowest_sell = min((price for side, price in prices if side is Side.SELL), default=NEVER)
            self._band = (highest_buy, lowest_sell)
        return step.low <= self._band[0] or step.high >= self._band[1]


class PaperStream(Watcher):
    """One per account and process; several processes may do the same work at once."""

    def __init__(self, connector: PaperConnector, prices: Prices) -> None:
        self._connector, self._store, self._prices = connector, connector.store, prices
        self._markets: dict[str, Watched] = {}
        self._wake = asyncio.Event()
        self._clock: Clock | None = None  # from the first session on
        self._revision = 0

    async def run(self, on_event: Callable[[Event], None]) -> None:
        """Until cancelled. The fills of an order come before its new state. Raises AccountRefused when the
        account is gone."""
        self._connector.watcher = self
        try:
            while True:
                try:
                    await self._session(on_event)
                except (ports.ExchangeUnavailable, ports.RateLimited) as error:
                    log.warning("The paper account waits: %s", error.detail)
                self._forget()
                await asyncio.sleep(AGAIN)
        finally:
            self._connector.watcher = Watcher()
            self._forget()

    async def _session(self, on_event: Callable[[Event], None]) -> None:
        self._clock = await self._connector.clock()
        self._revision = await self._store.revision()
        for report in await self._store.open_orders():
            self._note(report)
        for watched in self._markets.values():
            watched.gap = True  # what happened while nobody watched
        await self._match(even_stale=True)
        on_event(StreamReset())
        while True:
            await self._work(on_event)
            await self._woken()

    def _forget(self) -> None:
        for watched in self._markets.values():
            watched.unsubscribe()
        self._markets.clear()
        self._connector.quotes.clear()

    # Watching

    def _market(self, symbol: str) -> Watched:
        if symbol not in self._markets:
            watched = self._markets[symbol] = Watched(heard=self._now())
            exchange = self._connector.exchange
            watched.unsubscribe = self._prices.subscribe(exchange, symbol, self._on_ticker)
        return self._markets[symbol]

    def _now(self) -> int:
        return self._clock() if self._clock else 0

    def placing(self, order: OrderRequest) -> None:
        if order.price is not None and self._clock:
            self._market(order.symbol).add(order.client_id, order.side, order.price)

    def refused(self, order: OrderRequest) -> None:
        if order.symbol in self._markets:
            self._markets[order.symbol].remove(order.client_id)

    def changed(self) -> None:
        self._wake.set()

    def _note(self, report: OrderReport) -> None:
        if report.status is OrderStatus.OPEN and report.price is not None:
            self._market(report.symbol).add(report.client_id, report.side, report.price)
        elif report.symbol in self._markets:
            self._markets[report.symbol].remove(report.client_id)

    def _on_ticker(self, ticker: Ticker) -> None:
        watched = self._markets.get(ticker.symbol)
        if watched is None:
            return
        now = self._now()
        self._connector.quotes[ticker.symbol] = (ticker, now)
        self._hear(watched, ticker.symbol, now)
        traded = watched.price is not None and ticker.price != watched.price
        watched.price = ticker.price
        step = from_ticker(ticker, now, traded=traded)
        if watched.touches(step):
            watched.steps.append(step)
            self._wake.set()

    def _hear(self, watched: Watched, symbol: str, now: int) -> None:
        """A price that was asked for now and then does not end a gap, nor does the first one after it. Every full
        minute is one as well: live prices are conflated, of some exchanges polled, and a candle has all of them."""
        if self._prices.is_stale(self._connector.exchange, symbol):
            watched.gap = True
        elif watched.gap or now - watched.heard > GAP_MS or now // MINUTE > watched.heard // MINUTE:
            watched.gap = True
            self._wake.set()
        else:
            watched.heard = now

    # Matching

    async def _woken(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self._wake.wait()
        except TimeoutError:
            self._clock = await self._connector.clock()
        self._wake.clear()

    async def _work(self, on_event: Callable[[Event], None]) -> None:
        await self._match()
        changes = await self._store.changes(self._revision)
        self._revision = changes.revision
        for event in changes.events:
            if isinstance(event, OrderReport):
                self._note(event)
            on_event(event)

    async def _match(self, *, even_stale: bool = False) -> None:
        for symbol, watched in list(self._markets.items()):
            stale = self._prices.is_stale(self._connector.exchange, symbol)
            try:
                market = await self._connector.market(symbol)
                if watched.gap and (even_stale or not stale):
                    await self._replay(market, watched)
                await self._apply(market, watched)
            except ports.UnknownSymbol as error:
                log.warning("Orders in %s rest: %s", symbol, error.detail)
                self._markets.pop(symbol).unsubscribe()

    async def _apply(self, market: Market, watched: Watched) -> None:
        steps, watched.steps = watched.steps, []
        seen = None
        if not watched.gap and watched.heard - watched.remembered >= REMEMBER_EVERY_MS:
            seen = watched.heard
        if steps or seen is not None:
            await self._store.settle(market, steps, seen)
            watched.remembered = seen or watched.remembered

    async def _replay(self, market: Market, watched: Watched) -> None:
        """What the market did since its prices were last applied, from candles; then it is live again."""
        found = await self._store.seen(market.symbol)
        watched.gap, watched.heard = False, self._now()
        start = watched.heard if found is None else found
        start -= start % MINUTE
        while True:
            now = self._now()
            candles = [
                c for c in await self._connector.candles(market.symbol, start, PAGE) if c.time >= start
            ]
            # An empty page may be a hole in the history rather than its end.
            start = candles[-1].time + MINUTE if candles else start + PAGE * MINUTE
            live = start > now
            watched.remembered = min(start, now)
            await self._store.settle(market, [from_candle(each, now) for each in candles], watched.remembered)
            if live:
                return
