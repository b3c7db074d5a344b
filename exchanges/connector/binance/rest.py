"""Binance spot by REST: one account, or public data without keys."""

from typing import Any

from bots.core.types import Balance, Candle, Fill, OrderReport, OrderRequest, Ticker
from exchanges.connector import errors
from exchanges.connector.binance import mapping
from exchanges.connector.public import KeyFacts
from exchanges.connector.rest import RestConnector

PAGE = 1000
DAY_MS = 86_400_000


class BinanceConnector(RestConnector):
    """It uses ccxt's raw endpoints, not its unified calls: amounts stay the exact strings they are on the wire,
    and what is sent is what is written here."""

    async def account(self) -> dict[str, Any]:
        """The exchange's own description of the account."""
        return await self._private("account", "privateGetAccount", mapping.account, omitZeroBalances="true")

    async def account_id(self) -> str:
        return str((await self.account())["uid"])

    async def key_facts(self) -> KeyFacts:
        account = await self.account()
        if self.venue.facts.testnet_of:  # it has no such endpoint
            return KeyFacts(str(account["uid"]), bool(account["canTrade"]), None, None)
        key = await self._private("permissions", "sapiGetAccountApiRestrictions", dict)
        return mapping.key_facts(key, account)

    async def balances(self) -> dict[str, Balance]:
        return mapping.balances(await self.account())

    async def ticker(self, symbol: str) -> Ticker:
        return await self._public(
            "ticker",
            "publicGetTicker24hr",
            lambda raw: mapping.ticker(raw, symbol),
            symbol=await self._id(symbol),
        )

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        return await self._public(
            "candles",
            "publicGetKlines",
            lambda rows: [mapping.candle(row) for row in rows],
            symbol=await self._id(symbol),
            interval="1m",
            startTime=start,
            limit=limit,
        )

    async def _post(self, order: OrderRequest) -> OrderReport:
        params = mapping.order_params(order, self.markets.id_of(order.symbol))
        return mapping.created(await self.client.privatePostOrder(params), order)

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        return await self._order(
            "cancel", "privateDeleteOrder", symbol, urgent=True, origClientOrderId=client_id
        )

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        return await self._order("order", "privateGetOrder", symbol, origClientOrderId=client_id)

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self._order("order", "privateGetOrder", symbol, orderId=exchange_order_id)

    async def open_orders(self, symbol: str) -> list[OrderReport]:
        return await self._private(
            "open_orders",
            "privateGetOpenOrders",
            lambda rows: [mapping.order_report(row, symbol) for row in rows],
            symbol=await self._id(symbol),
        )

    async def open_client_ids(self) -> frozenset[str]:
        return await self._private(
            "all_open_orders",
            "privateGetOpenOrders",
            lambda rows: frozenset(str(row["clientOrderId"]) for row in rows),
        )

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        found = await self._trades("fills", symbol, startTime=since)
        # A start alone may be answered for its first 24 hours only: then go on by trade id.
        old = await self.exchange_time() - since > DAY_MS
        if old and not found:
            found = await self._first_after(symbol, since)
        if old or len(found) == PAGE:
            found = await self._later(found, symbol)
        return found

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        found = await self._trades("order_fills", symbol, orderId=exchange_order_id)
        if len(found) == PAGE:
            # Not every page of one order can be asked for: go on through all of the symbol's.
            found = await self._later(found, symbol)
        return [fill for fill in found if fill.exchange_order_id == exchange_order_id]

    async def _order(
        self, what: str, endpoint: str, symbol: str, *, urgent: bool = False, **named: str
    ) -> OrderReport | None:
        params = {"symbol": await self._id(symbol), **named}
        try:
            return await self._private(
                what, endpoint, lambda raw: mapping.order_report(raw, symbol), urgent=urgent, **params
            )
        except errors.Missing:
            return None

    async def _trades(self, what: str, symbol: str, **params: Any) -> list[Fill]:
        """One page, oldest first."""
        return await self._private(
            what,
            "privateGetMyTrades",
            lambda rows: mapping.fills(rows, symbol),
            symbol=await self._id(symbol),
            limit=PAGE,
            **params,
        )

    async def _later(self, found: list[Fill], symbol: str) -> list[Fill]:
        """With all pages after it, by trade id: a page may end between two fills of one millisecond."""
        found = list(found)
        while found:
            last = int(found[-1].trade_id)
            page = await self._trades("fills", symbol, fromId=last + 1)
            found += [fill for fill in page if int(fill.trade_id) > last]
            if len(page) < PAGE or int(found[-1].trade_id) == last:
                break
        return found

    async def _first_after(self, symbol: str, since: int) -> list[Fill]:
        """The first fills at or after `since`, a time more than a day ago: from the newest page where that
        reaches back so far, otherwise day by day."""
        newest = await self._trades("fills", symbol)
        found = [fill for fill in newest if fill.time >= since]
        start = since
        while len(found) == PAGE and start < found[0].time:
            day = await self._trades("fills", symbol, startTime=start, endTime=start + DAY_MS)
            if day:
                return day
            start += DAY_MS
        return found
