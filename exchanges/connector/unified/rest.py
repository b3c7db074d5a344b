"""An exchange of which only data is known: one account, or public data without keys."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from bots.core.types import Balance, Candle, Fill, OrderReport, OrderRequest, OrderStatus, Ticker
from exchanges.connector import errors, paging
from exchanges.connector.public import KeyFacts
from exchanges.connector.rest import RestConnector
from exchanges.connector.unified import mapping

DAY_MS = 86_400_000

T = TypeVar("T")


class UnifiedConnector(RestConnector):
    """New orders and cancels are taken for acknowledgements only: what became of them is asked for."""

    async def key_facts(self) -> KeyFacts:
        facts = self.venue.facts
        return await self._private(
            "permissions", facts.key_question["endpoint"], lambda raw: mapping.key_facts(raw, facts)
        )

    async def balances(self) -> dict[str, Balance]:
        return mapping.balances(await self._mine("account", self.client.fetch_balance))

    async def ticker(self, symbol: str) -> Ticker:
        raw = await self._all("ticker", partial(self.client.fetch_ticker, symbol), symbol)
        return mapping.ticker(raw, symbol)

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        page = self.venue.facts.candles_page

        async def ask(begin: int, most: int) -> list[Candle]:
            fetch = partial(self.client.fetch_ohlcv, symbol, "1m", begin, most)
            return [mapping.candle(row) for row in await self._all("candles", fetch, symbol)]

        return await paging.candles(ask, start, limit, now=await self.exchange_time(), page=page)

    async def _post(self, order: OrderRequest) -> OrderReport:
        self._share_markets()
        params = {"clientOrderId": order.client_id, **({"postOnly": True} if order.post_only else {})}
        price = None if order.price is None else f"{order.price:f}"
        kind, side, quantity = order.type.value, order.side.value, f"{order.quantity:f}"
        raw = await self.client.create_order(order.symbol, kind, side, quantity, price, params)
        return mapping.created(raw, order, self.venue.clock.now())

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        send = partial(self.client.cancel_order, None, symbol, {"clientOrderId": client_id})
        try:
            await self._mine("cancel", send, symbol, urgent=True)
        except errors.Missing:
            return None
        return await self.fetch_order(symbol, client_id)

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        return await self._order(symbol, None, {"clientOrderId": client_id})

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self._order(symbol, exchange_order_id, {})

    async def open_orders(self, symbol: str) -> list[OrderReport]:
        found = [
            mapping.order_report(row, symbol, self.venue.facts)
            for row in await self._open("open_orders", symbol)
        ]
        return [report for report in found if report.status is OrderStatus.OPEN]

    async def open_client_ids(self) -> frozenset[str]:
        rows = await self._open("all_open_orders", None)
        return frozenset(row["clientOrderId"] for row in rows if row["clientOrderId"])

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        facts, now = self.venue.facts, await self.exchange_time() + paging.AHEAD_MS

        async def ask(start: int, end: int) -> list[Fill]:
            fetch = partial(self.client.fetch_my_trades, symbol, start, facts.fills_page, {"until": end})
            rows = await self._mine("fills", fetch, symbol)
            return [mapping.fill(row, symbol, facts) for row in rows]

        oldest = now - facts.oldest_fill_days * DAY_MS
        window = facts.fills_window_days * DAY_MS
        return await paging.all_fills(ask, max(since, oldest), now, window=window, page=facts.fills_page)

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        """Those since the order was made: not every exchange lists the fills of one order alone."""
        try:
            order = await self._mine(
                "order", partial(self.client.fetch_order, exchange_order_id, symbol), symbol
            )
            since = int(order["timestamp"])
        except errors.Missing:
            since = await self.exchange_time() - self.venue.facts.fills_window_days * DAY_MS
        found = await self.fills(symbol, since)
        return [fill for fill in found if fill.exchange_order_id == exchange_order_id]

    async def _order(
        self, symbol: str, exchange_id: str | None, params: dict[str, str]
    ) -> OrderReport | None:
        fetch = partial(self.client.fetch_order, exchange_id, symbol, params)
        try:
            return mapping.order_report(await self._mine("order", fetch, symbol), symbol, self.venue.facts)
        except errors.Missing:
            return None

    async def _open(self, what: str, symbol: str | None) -> list[dict[str, Any]]:
        facts = self.venue.facts
        found: dict[str, dict[str, Any]] = {}
        params: dict[str, str] = {}
        while True:
            fetch = partial(self.client.fetch_open_orders, symbol, None, facts.open_orders_page, params)
            page = await self._mine(what, fetch, symbol)
            new = [row for row in page if row["id"] not in found]
            found |= {row["id"]: row for row in new}
            if len(page) < facts.open_orders_page or not new:
                return list(found.values())
            params = {facts.open_orders_after: min(new, key=lambda row: row["timestamp"])["id"]}

    async def _mine(
        self, what: str, send: Callable[[], Awaitable[T]], symbol: str | None = None, *, urgent: bool = False
    ) -> T:
        self.key_pair()
        await self.venue.clock.ready()
        return await self._all(what, send, symbol, urgent=urgent)

    async def _all(
        self, what: str, send: Callable[[], Awaitable[T]], symbol: str | None = None, *, urgent: bool = False
    ) -> T:
        """Raises UnknownSymbol before ccxt meets a symbol it does not know."""
        await self.markets.ready()
        if symbol is not None:
            self.markets.get(symbol)
        self._share_markets()
        return await self.venue.ask(what, send, urgent=urgent)

    def _share_markets(self) -> None:
        """ccxt reads its own markets: all clients of an exchange share those of the first."""
        if self.client.markets is not self.venue.client.markets:
            self.client.set_markets_from_exchange(self.venue.client)
