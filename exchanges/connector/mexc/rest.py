"""MEXC spot by REST: one account, or public data without keys."""

from typing import Any

from bots.core.types import Balance, Candle, Fill, OrderReport, OrderRequest, Ticker
from exchanges.connector import errors, paging
from exchanges.connector.binance import mapping as like_binance
from exchanges.connector.mexc import mapping
from exchanges.connector.paging import MINUTE
from exchanges.connector.public import KeyFacts, Raw
from exchanges.connector.rest import RestConnector

PAGE = 100
DAY_MS = 86_400_000
WINDOW_MS = 29 * DAY_MS  # trades may be asked for a month at once
MOST_NAMES = 20_000


class MexcConnector(RestConnector):
    """Neither the reply to a new order nor a fill carries our id: they are told by the exchange's own, and each order
    is asked for once to learn it."""

    _names: dict[str, str]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._names = {}  # the exchange's id -> ours ("" where it is nobody's of ours)

    async def account(self) -> dict[str, Any]:
        return await self._private("account", "spotPrivateGetAccount", mapping.account)

    async def account_id(self) -> str:
        return await self._private("permissions", "spotPrivateGetUid", lambda raw: str(raw["uid"]))

    async def key_facts(self) -> KeyFacts:
        """`canWithdraw` is the account's, not the key's: what the key may do MEXC does not say."""
        account = await self.account()
        return KeyFacts(await self.account_id(), bool(account["canTrade"]), None, None)

    async def balances(self) -> dict[str, Balance]:
        return like_binance.balances(await self.account())

    async def ticker(self, symbol: str) -> Ticker:
        return await self._public(
            "ticker",
            "spotPublicGetTicker24hr",
            lambda raw: like_binance.ticker(raw, symbol),
            symbol=await self._id(symbol),
        )

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        market_id = await self._id(symbol)

        async def ask(begin: int, most: int) -> list[Candle]:
            return await self._public(
                "candles",
                "spotPublicGetKlines",
                lambda rows: [like_binance.candle(row) for row in rows],
                symbol=market_id,
                interval="1m",
                startTime=begin,
                endTime=begin + most * MINUTE - 1,
                limit=most,
            )

        return await paging.candles(ask, start, limit, now=await self.exchange_time())

    async def _post(self, order: OrderRequest) -> OrderReport:
        params = mapping.order_params(order, self.markets.id_of(order.symbol))
        return self._known(mapping.created(await self.client.spotPrivatePostOrder(params), order))

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        """What the reply says of the order is not reliable: it is asked for."""
        asked: dict[str, Any] = {"symbol": await self._id(symbol), "origClientOrderId": client_id}
        try:
            await self._private("cancel", "spotPrivateDeleteOrder", _named_order, urgent=True, **asked)
        except errors.Missing:
            return None
        return await self.fetch_order(symbol, client_id)

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        return await self._order(symbol, origClientOrderId=client_id)

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self._order(symbol, orderId=exchange_order_id)

    async def open_client_ids(self) -> None:
        """It tells of one market at a time."""

    async def open_orders(self, symbol: str) -> list[OrderReport]:
        found: list[OrderReport] = await self._private(
            "open_orders",
            "spotPrivateGetOpenOrders",
            lambda rows: [mapping.order_report(row, symbol) for row in rows],
            symbol=await self._id(symbol),
        )
        return [self._known(report) for report in found]

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        return await self._trades(symbol, since)

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        """Its last hundred are told by its id; of an order with more, all trades since it was made are read."""
        found = await self._page(symbol, orderId=exchange_order_id)
        if len(found) < PAGE:
            return await self._named(symbol, sorted(found, key=lambda fill: (fill.time, fill.trade_id)))
        since = await self._trades(symbol, await self._began(symbol, exchange_order_id))
        return [fill for fill in since if fill.exchange_order_id == exchange_order_id]

    async def _trades(self, symbol: str, since: int) -> list[Fill]:
        """Oldest first, whatever their number, with our ids."""
        now = await self.exchange_time() + paging.AHEAD_MS

        async def ask(start: int, end: int) -> list[Fill]:
            return await self._page(symbol, startTime=start, endTime=end)

        oldest = now - self.venue.facts.oldest_fill_days * DAY_MS
        found = await paging.all_fills(ask, max(since, oldest), now, window=WINDOW_MS, page=PAGE)
        return await self._named(symbol, found)

    async def _page(self, symbol: str, **params: Any) -> list[Fill]:
        return await self._private(
            "fills",
            "spotPrivateGetMyTrades",
            lambda rows: [mapping.fill(row, symbol) for row in rows],
            symbol=await self._id(symbol),
            limit=PAGE,
            **params,
        )

    async def _named(self, symbol: str, fills: list[Fill]) -> list[Fill]:
        return [mapping.named(fill, await self._name(symbol, fill.exchange_order_id)) for fill in fills]

    async def _name(self, symbol: str, exchange_id: str) -> str:
        if exchange_id not in self._names:
            await self._order(symbol, orderId=exchange_id)
        return self._names.get(exchange_id, "")

    async def _began(self, symbol: str, exchange_id: str) -> int:
        """When an order was made; where MEXC no longer knows, as long ago as may be asked for at once."""
        asked: dict[str, Any] = {"symbol": await self._id(symbol), "orderId": exchange_id}
        try:
            return await self._private("order", "spotPrivateGetOrder", lambda raw: int(raw["time"]), **asked)
        except errors.Missing:
            return await self.exchange_time() - WINDOW_MS

    async def _order(self, symbol: str, **ids: Any) -> OrderReport | None:
        asked: dict[str, Any] = {"symbol": await self._id(symbol), **ids}
        try:
            report = await self._private(
                "order", "spotPrivateGetOrder", lambda raw: mapping.order_report(raw, symbol), **asked
            )
        except errors.Missing:
            return None
        return self._known(report)

    def _known(self, report: OrderReport) -> OrderReport:
        while len(self._names) >= MOST_NAMES:
            del self._names[next(iter(self._names))]
        self._names[report.exchange_id] = report.client_id
        return report


def _named_order(raw: Raw) -> str:
    return str(raw["orderId"])
