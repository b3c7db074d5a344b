"""Paper trading: an account that trades at an exchange's public prices, with money that does not exist.

To the engine it is a connector like any other. The market is the real one, asked through a connector without
keys; orders and balances live behind `PaperStore`, each of whose writes is one transaction."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from weakref import WeakKeyDictionary

from bots.core import ports
from bots.core.types import Balance, Candle, Fill, Market, OrderReport, OrderRequest, Ticker

RECV_WINDOW_MS = 5_000
QUOTE_FRESH_MS = 10_000  # an older price is asked for again before an order is judged by it
MINUTE = 60_000
SHARED_SECONDS = 5.0

Clock = Callable[[], int]  # the exchange's, in ms


@dataclass(frozen=True, slots=True)
class Step:
    """What the market did: it could be bought at `low` and sold at `high`. It counts for the orders that were
    there at `since`; their fills get the time `time`."""

    low: Decimal
    high: Decimal
    since: int
    time: int
    rising: bool = True  # low came before high


def from_ticker(ticker: Ticker, now: int, *, traded: bool) -> Step:
    """`traded`: its price is that of a trade which has just happened. The last price of a quiet market may be
    hours old; then only bid and ask count."""
    low, high = ticker.ask if ticker.ask > 0 else Decimal("Infinity"), ticker.bid
    if traded:
        low, high = min(low, ticker.price), max(high, ticker.price)
    return Step(low, high, since=now, time=ticker.time)


def from_candle(candle: Candle, now: int) -> Step:
    """For the orders that were there when the candle opened: of those placed within it nobody can tell whether
    its low or high came before them."""
    end = min(candle.time + MINUTE - 1, now)
    return Step(candle.low, candle.high, candle.time, end, rising=candle.close >= candle.open)


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to an account's orders, in order. `revision` counts them; ask again from there."""

    revision: int
    events: Sequence[Fill | OrderReport]


class PaperStore(Protocol):
    """One paper account. Every call is one transaction; each raises ExchangeUnavailable where the database does
    not answer and AccountRefused where the account is gone."""

    account_id: str

    async def balances(self) -> dict[str, Balance]: ...

    async def place(
        self, order: OrderRequest, market: Market, ticker: Ticker, clock: Clock, deadline: int
    ) -> OrderReport:
        """Raises OrderRefused and DuplicateClientId: then nothing has changed. Any other error leaves open
        whether it was accepted."""

    async def cancel(self, market: Market, client_id: str, clock: Clock) -> OrderReport | None: ...

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """Waits for a `place` that is under way anywhere."""

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None: ...

    async def open_orders(self, symbol: str | None = None) -> list[OrderReport]: ...

    async def fills(self, symbol: str, since: int) -> list[Fill]: ...

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]: ...

    async def settle(self, market: Market, steps: Sequence[Step], seen: int | None) -> None:
        """Fills what the steps reach. `seen`: every price up to then has been applied."""

    async def seen(self, symbol: str) -> int | None:
        """Until when the market's prices have been applied; None where nobody has watched it yet."""

    async def changes(self, since: int) -> Changes:
        """Those after revision `since`."""

    async def revision(self) -> int: ...


class Watcher:
    """Who must hear of this process's own orders at once: nobody, or the account's stream."""

    def placing(self, order: OrderRequest) -> None:
        """Before it is there, so that no price in between goes unseen."""

    def refused(self, order: OrderRequest) -> None: ...

    def changed(self) -> None:
        """The account may not be as it was."""


class SharedCandles:
    """The newest minutes, asked for once for all accounts of a process: at each full minute all of them ask."""

    _of: "WeakKeyDictionary[ports.ExchangeConnector, SharedCandles]" = WeakKeyDictionary()

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int, int], tuple[float, asyncio.Task[list[Candle]]]] = {}

    @classmethod
    def of(cls, public: ports.ExchangeConnector) -> "SharedCandles":
        return cls._of.setdefault(public, cls())

    async def get(self, public: ports.ExchangeConnector, symbol: str, start: int, limit: int) -> list[Candle]:
        now, key = asyncio.get_running_loop().time(), (symbol, start, limit)
        self._asked = {each: found for each, found in self._asked.items() if now - found[0] < SHARED_SECONDS}
        if key not in self._asked or _failed(self._asked[key][1]):
            self._asked[key] = (now, asyncio.create_task(public.candles(symbol, start, limit)))
        return await asyncio.shield(self._asked[key][1])


def _failed(task: "asyncio.Task[list[Candle]]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


class PaperConnector:
    """Implements `bots.core.ports.ExchangeConnector`."""

    resolve_delay_ms = 1_000  # what the store accepted, it shows at once: this is for clocks that differ

    def __init__(self, public: ports.ExchangeConnector, store: PaperStore) -> None:
        self.public = public
        self.store = store
        self.exchange = public.exchange
        self.quotes: dict[str, tuple[Ticker, int]] = {}  # by symbol, with the time it came, from the stream
        self.watcher = Watcher()

    # The market

    async def market(self, symbol: str) -> Market:
        return await self.public.market(symbol)

    async def exchange_time(self) -> int:
        return await self.public.exchange_time()

    async def ticker(self, symbol: str) -> Ticker:
        return await self.public.ticker(symbol)

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        return await SharedCandles.of(self.public).get(self.public, symbol, start, limit)

    async def clock(self) -> Clock:
        """For code that cannot await: a transaction asks it when it has its lock."""
        offset = await self.public.exchange_time() - time.time_ns() // 1_000_000
        return lambda: time.time_ns() // 1_000_000 + offset

    # The account

    async def account_id(self) -> str:
        return self.store.account_id

    async def balances(self) -> dict[str, Balance]:
        return await self.store.balances()

    async def reserve_order(self) -> None:
        """Orders that never leave the house have no rate limit."""

    async def create_order(self, order: OrderRequest, sent_at: int) -> OrderReport:
        try:
            market, clock = await self.market(order.symbol), await self.clock()
            ticker = await self._quote(order.symbol, clock())
        except ports.ExchangeError as error:
            detail = f"There is no price to judge the order by: {error.detail}"
            raise ports.OrderRefused(detail, "no_price") from None
        self.watcher.placing(order)
        try:
            return await self.store.place(order, market, ticker, clock, sent_at + RECV_WINDOW_MS)
        except ports.OrderRefused:
            self.watcher.refused(order)
            raise
        except ports.ExchangeUnavailable as error:
            raise ports.OutcomeUnknown(error.detail, error.code) from None
        finally:
            self.watcher.changed()

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        try:
            return await self.store.cancel(await self.market(symbol), client_id, await self.clock())
        finally:
            self.watcher.changed()

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        return await self.store.order(symbol, client_id)

    async def open_orders(self, symbol: str) -> list[OrderReport]:
        return await self.store.open_orders(symbol)

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self.store.order_by_id(symbol, exchange_order_id)

    async def open_client_ids(self) -> frozenset[str]:
        return frozenset(report.client_id for report in await self.store.open_orders())

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        return await self.store.fills(symbol, since)

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        return await self.store.order_fills(symbol, exchange_order_id)

    async def close(self) -> None:
        """The public connector is its owner's, who has lent it to many."""

    async def _quote(self, symbol: str, now: int) -> Ticker:
        ticker, came = self.quotes.get(symbol, (None, 0))
        if ticker is None or now - came > QUOTE_FRESH_MS:
            return await self.public.ticker(symbol)
        return ticker
