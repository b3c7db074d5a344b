"""The one path of start, restart, reconnect and resume: settle what is unknown, take in what was missed, act."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from bots.core.engine import BotEngine
from bots.core.orders import Order
from bots.core.ports import ExchangeUnavailable, RateLimited
from bots.core.reconcile import reconcile
from bots.core.types import OrderReport

logger = logging.getLogger(__name__)
RECV_WINDOW_MS = 5_000
BETWEEN_MISSES_MS = 5_000
OVERLAP_MS = 60_000  # how far before the newest booked fill the trade history is read again
READ_ERRORS = (ExchangeUnavailable, RateLimited)


class Recovery:
    """Compares one bot with its exchange. Keeps, for each unknown order, how often it was looked for in vain."""

    def __init__(self, engine: BotEngine) -> None:
        self.engine = engine
        self._misses: dict[str, tuple[int, int]] = {}  # client id: (misses, time of the last one)

    async def run(self, full: bool, reports: Sequence[OrderReport] | None = None) -> None:
        """`reports`: the account's open orders, where somebody has just read them.

        Raises ExchangeUnavailable or RateLimited where the exchange cannot be asked: try again later."""
        engine = self.engine
        if reports is None:
            reports = await engine.exchange.open_orders(engine.market.symbol)
        verdict = reconcile(engine.live.values(), reports, engine.prefix)
        for order in verdict.never_sent:
            await engine.forget(order, "never_sent")
        for order, report in verdict.confirmed:
            await engine.settle(order, report)
        for order in verdict.ask:
            await self._ask(order)
        for report in verdict.strays:
            await self._remove(report)
        if full:
            await self._missed_fills()
        await engine.act(explained=True)

    async def resolve(self) -> bool:
        """Looks once for each order whose fate is unknown. True while any is left."""
        for order in self._unknown():
            await self._ask(order)
        return bool(self._unknown())

    def _unknown(self) -> list[Order]:
        return [order for order in self.engine.live.values() if order.is_unknown]

    async def _ask(self, order: Order) -> None:
        report = await self.engine.exchange.fetch_order(self.engine.market.symbol, order.client_id)
        if report is not None:
            self._misses.pop(order.client_id, None)
            await self.engine.settle(order, report)
        elif order.is_unknown:
            await self._missed(order)

    async def _missed(self, order: Order) -> None:
        """Absent means: not by its id, not among open orders, not in the trades; twice, five seconds apart, after
        the exchange can no longer accept the request."""
        engine, now = self.engine, await self.engine.exchange.exchange_time()
        deadline = (order.sent_at or 0) + RECV_WINDOW_MS + engine.exchange.resolve_delay_ms
        misses, last = self._misses.get(order.client_id, (0, 0))
        if now <= deadline or now - last < BETWEEN_MISSES_MS or await self._seen_elsewhere(order):
            return
        self._misses[order.client_id] = (misses + 1, now)
        if misses + 1 >= 2:
            del self._misses[order.client_id]
            await engine.forget(order, "absent")

    async def _seen_elsewhere(self, order: Order) -> bool:
        symbol, exchange = self.engine.market.symbol, self.engine.exchange
        for report in await exchange.open_orders(symbol):
            if report.client_id == order.client_id:
                await self.engine.settle(order, report)
                return True
        fills = await exchange.fills(symbol, (order.sent_at or 0) - OVERLAP_MS)
        return any(fill.client_id == order.client_id for fill in fills)

    async def _missed_fills(self) -> None:
        """Reads the trades since the newest booked one; those of other bots and by hand are not ours to book."""
        since = self.engine.position_manager.position.last[0]
        if not since:
            return
        for fill in await self.engine.exchange.fills(self.engine.market.symbol, since - OVERLAP_MS):
            await self.engine.ingest(fill)

    async def _remove(self, report: OrderReport) -> None:
        """An open order with our id but no live row: it came to the exchange after we had given it up. None of
        that where it has ended since the report: then the report was only late."""
        engine = self.engine
        try:
            cancelled = await engine.exchange.cancel_order(report.symbol, report.client_id)
        except READ_ERRORS:
            logger.warning("stray_order_stays", extra={"client_order_id": report.client_id})
            return
        if cancelled is None:
            return
        for fill in await engine.exchange.order_fills(report.symbol, report.exchange_id):
            await engine.ingest(replace(fill, client_id=report.client_id))
        await engine.store.tell(
            "stray_cancelled",
            f"An order of this bot that it no longer knew ({report.client_id}) was cancelled.",
            "warning",
        )
