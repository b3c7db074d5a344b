"""Orders the exchange must tell the fate of: sent without an answer, or open here and nowhere to be found there.

Absent means: not by its client id, not among the open orders, not in the trades; all three, twice, some seconds apart,
after the exchange can no longer accept the request. Until then only the order's slot waits.
"""

import asyncio
from dataclasses import dataclass, replace

from django.conf import settings

from bots.core.engine import BotEngine
from bots.core.orders import Order
from bots.core.types import Fill, OrderReport, OrderStatus, Side
from bots.runtime.reads import AccountReads

OVERLAP_MS = 60_000  # how far before the sending of an order its trades are looked for
FIRST_LOOK_MS = 1_000  # after it was sent: an answer that was lost is found by then
NEXT_LOOK_MS = 3_000


@dataclass(slots=True)
class _Search:
    """`at`: when it is worth looking (ms on the exchange's clock); `misses`: how often all three were empty."""

    at: int
    looks: int = 0
    misses: int = 0


class UnknownOrders:
    """Of one bot. An absent order costs four questions of its own and a share in those of its account."""

    def __init__(self, engine: BotEngine, reads: AccountReads) -> None:
        self.engine = engine
        self.reads = reads
        self._searches: dict[str, _Search] = {}

    def next_look(self) -> int | None:
        """When `look` has something to do at the latest (ms)."""
        orders = {order.client_id: order for order in self.engine.live.values()}
        self._searches = {name: search for name, search in self._searches.items() if name in orders}
        for order in orders.values():
            if order.is_unknown:
                self._search(order)
        return min((search.at for search in self._searches.values()), default=None)

    def is_due(self, order: Order, now: int) -> bool:
        return order.client_id not in self._searches or now >= self._searches[order.client_id].at

    def _search(self, order: Order) -> _Search:
        first = (order.sent_at or 0) + FIRST_LOOK_MS if order.is_unknown else 0
        return self._searches.setdefault(order.client_id, _Search(first))

    async def look(self) -> None:
        """Looks once for each order that is due. Raises ExchangeUnavailable and RateLimited."""
        now, began = await self.engine.exchange.exchange_time(), asyncio.get_running_loop().time()
        self.next_look()
        live = [order for order in self.engine.live.values() if order.client_id in self._searches]
        due = [order for order in live if self.is_due(order, now)]
        shown = await self._open_orders(began) if due else {}
        for order in due:
            if order.client_id in shown:
                await self._found(order, shown[order.client_id])
            else:
                await self.ask(order, began)

    async def _open_orders(self, began: float) -> dict[str, OrderReport]:
        reports = await self.reads.open_orders(self.engine.market.symbol, began)
        return {report.client_id: report for report in reports}

    async def ask(self, order: Order, began: float) -> None:
        """Asks for this one order; `began` (the loop's time) is when the comparison began that misses it."""
        report = await self.engine.exchange.fetch_order(self.engine.market.symbol, order.client_id)
        if report is not None:
            await self._found(order, report)
        else:
            await self._missed(order, began)

    async def _found(self, order: Order, report: OrderReport) -> None:
        self._searches.pop(order.client_id, None)
        await self.engine.settle(order, report)

    async def _missed(self, order: Order, began: float) -> None:
        search, now = self._search(order), await self.engine.exchange.exchange_time()
        between: int = settings.AUTOGRID_BETWEEN_MISSES_MS
        deadline = self._deadline(order)
        search.looks += 1
        if now <= deadline:
            search.at = min(now + NEXT_LOOK_MS, deadline + 1) if search.looks == 1 else deadline + 1
            return
        search.at = now + between
        if await self._shows_elsewhere(order, began):
            return
        search.misses += 1
        if search.misses >= 2:
            del self._searches[order.client_id]
            await self._give_up(order)

    def _deadline(self, order: Order) -> int:
        """Until when the exchange may still accept the order, or not yet show it."""
        if not order.is_unknown:
            return 0
        delay: int = settings.AUTOGRID_RESOLVE_DELAY_MS
        if delay < 0:
            delay = self.engine.exchange.resolve_delay_ms
        return (order.sent_at or 0) + int(settings.AUTOGRID_RECV_WINDOW_MS) + delay

    async def _shows_elsewhere(self, order: Order, began: float) -> bool:
        """Among the open orders or in the trades; also where it cannot be ruled out."""
        shown = await self._open_orders(began)
        if order.client_id in shown:
            await self._found(order, shown[order.client_id])
            return True
        if not order.is_unknown:
            return await self._has_more_fills(order)
        return await self._has_traded(order, began)

    async def _has_more_fills(self, order: Order) -> bool:
        """Of an order that was open: its trades are known by the exchange's own id."""
        if not order.exchange_id:
            return False
        found = await self.engine.exchange.order_fills(self.engine.market.symbol, order.exchange_id)
        new = [await self.engine.ingest(replace(fill, client_id=order.client_id)) for fill in found]
        return any(new)

    async def _has_traded(self, order: Order, began: float) -> bool:
        """Trades do not name the order by our id everywhere: of those that could be its own and that no row of ours
        knows, the exchange is asked whose order they belong to. Where it cannot say, nothing is ruled out."""
        symbol = self.engine.market.symbol
        fills = await self.reads.fills(symbol, (order.sent_at or 0) - OVERLAP_MS, began)
        ids = {fill.exchange_order_id for fill in fills if may_belong(fill, order)}
        for exchange_id in sorted(ids - await self.engine.store.known_ids(sorted(ids))):
            owner = await self.reads.owner(symbol, exchange_id)
            if owner is None:
                return True
            if owner.client_id == order.client_id:
                await self._found(order, owner)
                return True
        return False

    async def _give_up(self, order: Order) -> None:
        engine = self.engine
        if order.is_unknown:
            return await engine.forget(order, "absent")
        current = engine.execution.find(order.client_id)
        if current is None:
            return None
        gone = OrderReport(
            current.client_id,
            current.exchange_id,
            engine.market.symbol,
            current.side,
            OrderStatus.CANCELLED,
            current.quantity,
            current.filled,
            current.price,
            engine.now,
            reason="unknown_to_exchange",
        )
        await engine.settle(current, gone)
        text = f"The exchange no longer knows an open order of this bot ({order.client_id}): it counts as cancelled."
        return await engine.store.tell("order_unknown", text, "warning")


def may_belong(fill: Fill, order: Order) -> bool:
    """Whether the trade could be one of the order's."""
    if fill.client_id:
        return fill.client_id == order.client_id
    better = order.price is None or (
        fill.price <= order.price if order.side is Side.BUY else fill.price >= order.price
    )
    return fill.side is order.side and fill.quantity <= order.quantity and better
