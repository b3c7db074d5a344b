"""Bybit spot by REST: one account, or public data without keys."""

from typing import Any

from bots.core.types import Balance, Candle, Fill, OrderReport, OrderRequest, OrderStatus, Ticker
from exchanges.connector import errors, paging
from exchanges.connector.bybit import mapping
from exchanges.connector.paging import MINUTE
from exchanges.connector.public import KeyFacts, Raw
from exchanges.connector.rest import RestConnector

ORDERS_PAGE = 50
FILLS_PAGE = 100
DAY_MS = 86_400_000
WINDOW_MS = 7 * DAY_MS  # the longest stretch of executions that may be asked for at once


class BybitConnector(RestConnector):
    """The replies to a new order and to a cancel are acknowledgements: what became of the order is asked for or comes
    by the stream. A post-only order that would trade is accepted, and cancelled a moment later."""

    async def key_facts(self) -> KeyFacts:
        return await self._private("permissions", "privateGetV5UserQueryApi", mapping.key_facts)

    async def balances(self) -> dict[str, Balance]:
        return await self._private(
            "account", "privateGetV5AccountWalletBalance", mapping.balances, accountType="UNIFIED"
        )

    async def ticker(self, symbol: str) -> Ticker:
        return await self._public(
            "ticker",
            "publicGetV5MarketTickers",
            lambda raw: mapping.ticker(raw, symbol),
            category="spot",
            symbol=await self._id(symbol),
        )

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        market_id = await self._id(symbol)

        async def ask(begin: int, most: int) -> list[Candle]:
            return await self._public(
                "candles",
                "publicGetV5MarketKline",
                lambda raw: [mapping.candle(row) for row in mapping.rows(raw)],
                category="spot",
                symbol=market_id,
                interval="1",
                start=begin,
                end=begin + most * MINUTE - 1,  # otherwise the newest ones come
                limit=most,
            )

        return await paging.candles(ask, start, limit, now=await self.exchange_time())

    async def _post(self, order: OrderRequest) -> OrderReport:
        params = mapping.order_params(order, self.markets.id_of(order.symbol))
        return mapping.created(await self.client.privatePostV5OrderCreate(params), order)

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        asked = {"category": "spot", "symbol": await self._id(symbol), "orderLinkId": client_id}
        try:
            await self._private("cancel", "privatePostV5OrderCancel", _acknowledged, urgent=True, **asked)
        except errors.Missing:
            return None
        return await self.fetch_order(symbol, client_id)

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        row = await self._row(symbol, orderLinkId=client_id)
        return None if row is None else self._report(row, symbol)

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        row = await self._row(symbol, orderId=exchange_order_id)
        return None if row is None else self._report(row, symbol)

    async def open_client_ids(self) -> frozenset[str]:
        found = await self._pages(
            "all_open_orders", "privateGetV5OrderRealtime", openOnly=0, limit=ORDERS_PAGE
        )
        return frozenset(
            str(row["orderLinkId"])
            for row in found
            if mapping.STATUS.get(row["orderStatus"], OrderStatus.OPEN) is OrderStatus.OPEN
        )

    async def open_orders(self, symbol: str) -> list[OrderReport]:
        found = await self._pages(
            "open_orders",
            "privateGetV5OrderRealtime",
            symbol=await self._id(symbol),
            openOnly=0,
            limit=ORDERS_PAGE,
        )
        reports = [self._report(row, symbol) for row in found]
        return [report for report in reports if report.status is OrderStatus.OPEN]

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        return await self._executions(symbol, since)

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        """Without a time Bybit looks no further back than seven days: the order itself says when it began."""
        row = await self._row(symbol, orderId=exchange_order_id)
        now = await self.exchange_time()
        since = now - WINDOW_MS if row is None else int(row["createdTime"])
        return await self._executions(symbol, since, orderId=exchange_order_id)

    async def _executions(self, symbol: str, since: int, **params: Any) -> list[Fill]:
        """Oldest first, whatever their number."""
        market, market_id = await self.market(symbol), await self._id(symbol)
        now = await self.exchange_time()
        start = max(since, now - self.venue.facts.oldest_fill_days * DAY_MS)
        found: list[Raw] = []
        while start <= now:
            found += await self._pages(
                "fills",
                "privateGetV5ExecutionList",
                symbol=market_id,
                startTime=start,
                endTime=start + WINDOW_MS - 1,
                limit=FILLS_PAGE,
                **params,
            )
            start += WINDOW_MS
        trades = {row["execId"]: row for row in found if mapping.is_trade(row)}
        ordered = sorted(trades.values(), key=lambda row: (int(row["execTime"]), int(row.get("seq") or 0)))
        return [mapping.fill(row, market) for row in ordered]

    async def _row(self, symbol: str, **ids: Any) -> Raw | None:
        """Of one order, wherever Bybit keeps it: among those of the moment, or in the history."""
        market_id = await self._id(symbol)
        for endpoint in ("privateGetV5OrderRealtime", "privateGetV5OrderHistory"):
            found: list[Raw] = await self._private(
                "order", endpoint, mapping.rows, category="spot", symbol=market_id, **ids
            )
            if found:
                return found[0]
        return None

    async def _pages(self, what: str, endpoint: str, **params: Any) -> list[Raw]:
        found: list[Raw] = []
        more: dict[str, Any] = {}
        while True:
            page, cursor = await self._private(what, endpoint, _page, category="spot", **params, **more)
            found += page
            if not cursor or not page:
                return found
            more = {"cursor": cursor}

    def _report(self, row: Raw, symbol: str) -> OrderReport:
        return mapping.order_report(row, symbol, self.venue.facts.reasons)


def _page(raw: Raw) -> tuple[list[Raw], str]:
    return mapping.rows(raw), str(raw["result"].get("nextPageCursor") or "")


def _acknowledged(raw: Raw) -> str:
    return str(raw["result"]["orderId"])
