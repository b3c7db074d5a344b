"""The one path of start, restart, reconnect and resume: settle what is unknown, take in what was missed, act."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from bots.core.engine import BotEngine
from bots.core.orders import Order
from bots.core.ports import ExchangeUnavailable, RateLimited
from bots.core.reconcile import reconcile
from bots.core.types import OrderReport, OrderStatus
from bots.runtime.reads import AccountReads
from bots.runtime.unknown import OVERLAP_MS, UnknownOrders

logger = logging.getLogger(__name__)
READ_ERRORS = (ExchangeUnavailable, RateLimited)
MANY = 3  # orders that are gone: from here on one look at the trades is cheaper than asking for each


class Recovery:
    """Compares one bot with its exchange."""

    def __init__(self, engine: BotEngine, reads: AccountReads) -> None:
        self.engine = engine
        self.reads = reads
        self.unknown = UnknownOrders(engine, reads)

    async def run(self, reports: Sequence[OrderReport] | None = None) -> None:
        """`reports`: the account's open orders, where somebody has just read them.

        Raises ExchangeUnavailable or RateLimited where the exchange cannot be asked: try again later."""
        engine, began = self.engine, asyncio.get_running_loop().time()
        if reports is None:
            reports = await self.reads.open_orders(engine.market.symbol, began)
        verdict = reconcile(engine.live.values(), reports, engine.prefix)
        await engine.give_up(verdict.never_sent)
        for order, report in verdict.confirmed:
            await engine.settle(order, report)
        await self._ask(verdict.ask, began)
        for report in verdict.strays:
            await self._remove(report)
        await engine.act(explained=True)

    async def _ask(self, orders: Sequence[Order], began: float) -> None:
        now = await self.engine.exchange.exchange_time()
        due = [order for order in orders if self.unknown.is_due(order, now)]
        if len(due) >= MANY:
            await self._book(due)
        for order in due:
            current = self.engine.execution.find(order.client_id)
            if current is not None:
                await self.unknown.ask(current, began)

    async def _book(self, orders: Sequence[Order]) -> None:
        """Most orders that are gone were filled: their trades end them without a question for each."""
        mine = {order.exchange_id: order.client_id for order in orders if order.exchange_id}
        oldest = min(order.sent_at or 0 for order in orders)
        since = max(oldest, self.engine.position_manager.position.last[0]) - OVERLAP_MS
        for fill in await self.reads.fills(self.engine.market.symbol, since):
            if fill.exchange_order_id in mine:
                await self.engine.ingest(replace(fill, client_id=mine[fill.exchange_order_id]))

    async def _remove(self, report: OrderReport) -> None:
        """An open order with our id but no live row: it came to the exchange after we had given it up, or its row
        was lost with a database that is older. It is cancelled, and what it did is booked where it has a row. Where
        it has ended since the report, that was only late."""
        try:
            cancelled = await self.engine.exchange.cancel_order(report.symbol, report.client_id)
            last = cancelled or await self.engine.exchange.fetch_order(report.symbol, report.client_id)
            order = await self.engine.store.find(report.client_id)
            if last is not None and order is not None:
                await self._book_stray(order, last)
        except READ_ERRORS:
            logger.warning("stray_order_stays", extra={"client_order_id": report.client_id})
            return
        if cancelled is not None:
            await self._tell_stray(cancelled, order)

    async def _book_stray(self, order: Order, last: OrderReport) -> None:
        engine = self.engine
        if last.filled > order.filled:
            for fill in await engine.exchange.order_fills(last.symbol, last.exchange_id):
                await engine.ingest(replace(fill, client_id=order.client_id))
        if order.status is OrderStatus.ERROR and last.status is not OrderStatus.OPEN:
            reason = "came to the exchange late and was cancelled"
            await engine.record(order, OrderStatus.CANCELLED, last.exchange_id, reason)

    async def _tell_stray(self, cancelled: OrderReport, order: Order | None) -> None:
        text = f"An order of this bot that it no longer knew ({cancelled.client_id}) was cancelled."
        if order is None and cancelled.filled:
            text += f" {cancelled.filled} of it had been filled, which is not in the bot's books."
        await self.engine.store.tell("stray_cancelled", text, "warning")
