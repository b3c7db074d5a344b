"""What became of a bot's orders: reports settled, fills booked, late ones asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bots.core.late_fills import LateFills
from bots.core.ledger import PositionManager
from bots.core.orders import Order
from bots.core.ports import Change, ExchangeConnector, ExchangeUnavailable, OrderStore, RateLimited
from bots.core.risk import RiskManager
from bots.core.sending import MINUTE, Pauses
from bots.core.strategies.base import BaseStrategy
from bots.core.types import Fill, Market, OrderReport, OrderStatus

POST_ONLY = "post_only"  # the reason of an order that would have traded at once
UNREACHABLE = (ExchangeUnavailable, RateLimited)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a bot's engine is put together from."""

    strategy: BaseStrategy
    exchange: ExchangeConnector
    position_manager: PositionManager
    risk_manager: RiskManager
    store: OrderStore
    market: Market


class Settlement:
    """Keeps `live`, the pending and open orders by slot, true to the store and to the exchange."""

    def __init__(self, parts: Parts) -> None:
        self.strategy = parts.strategy
        self.exchange = parts.exchange
        self.position_manager = parts.position_manager
        self.risk_manager = parts.risk_manager
        self.store = parts.store
        self.market = parts.market
        self.now = 0
        self.live: dict[int, Order] = {}
        self.pauses = Pauses()
        self._late = LateFills()
        self._cancel_again: dict[str, int] = {}  # client id: when a cancel that did not end it is tried again
        self._cancelled_outside: int | None = None  # when an order ended so that we had not asked for it

    def adopt(self, orders: Iterable[Order]) -> None:
        self.live = {order.slot: order for order in orders}

    def find(self, client_id: str) -> Order | None:
        return next((order for order in self.live.values() if order.client_id == client_id), None)

    @property
    def recheck_times(self) -> list[int]:
        """When `look_for_late_fills` has something to ask (ms)."""
        return self._late.times

    async def take(self, order: Order, report: OrderReport) -> None:
        """A report by the stream: the fills it counts are on their way by the same stream."""
        if report.filled > order.filled:
            self._late.expect(order.client_id, self.now)
        else:
            await self.settle(order, report)

    async def settle(self, order: Order, report: OrderReport, reason: str = "") -> None:
        """Brings our order to what the exchange reports. It ends only when all its fills are booked."""
        if report.filled > order.filled:
            for fill in await self._fills_of(order, report):
                await self.ingest(fill)
            found = self.find(order.client_id)
            if found is None:
                return
            order = found
        if report.filled > order.filled:
            self._late.expect(order.client_id, self.now)
        ended = report.status in (OrderStatus.CANCELLED, OrderStatus.ERROR)
        if ended and order.filled >= report.filled:
            # What was open once and is rejected now (Bybit tells so late) has ended like any cancelled order.
            status = OrderStatus.CANCELLED if order.status is OrderStatus.OPEN else report.status
            why = reason or report.reason or "cancelled at the exchange"
            asked = order.client_id in self._cancel_again  # some exchanges only acknowledge a cancel
            self.apply(await self.store.record(order, status, report.exchange_id, why))
            if not (reason or report.reason or asked):
                await self._tell_cancelled()
            elif report.reason == POST_ONLY and not report.filled:  # accepted first, and refused after all
                self.pauses.ended_unfilled(order.slot, self.now, report.reason)
        elif order.status is OrderStatus.PENDING:
            self.apply(await self.store.record(order, OrderStatus.OPEN, report.exchange_id))

    async def _tell_cancelled(self) -> None:
        """By hand, or by the exchange itself: said once for all that end so within a minute."""
        before, self._cancelled_outside = self._cancelled_outside, self.now
        if before is None or self.now - before >= MINUTE:
            text = (
                "Orders were cancelled at the exchange, not by this bot. While it runs, it places them again."
            )
            await self.store.tell("cancelled_outside", text, "warning")

    async def forget(self, order: Order, reason: str) -> None:
        """The order never came to the exchange: its slot may try again under a new client id."""
        self.apply(await self.store.record(order, OrderStatus.ERROR, reason=reason))

    async def give_up(self, orders: Sequence[Order]) -> None:
        """None of these orders was sent: their slots may try again under new client ids."""
        for change in await self.store.give_up(orders) if orders else ():
            self.apply(change)

    async def _fills_of(self, order: Order, report: OrderReport) -> list[Fill]:
        try:
            fills = await self.exchange.order_fills(report.symbol, report.exchange_id)
        except UNREACHABLE:
            return []
        return [replace(fill, client_id=order.client_id) for fill in fills]

    async def look_for_late_fills(self) -> None:
        """Asks for what orders have done where the stream did not tell all of it in time."""
        for client_id in self._late.due(self.now):
            order = self.find(client_id)
            if order is None:
                self._late.came(client_id)
                continue
            try:
                report = await self.exchange.fetch_order(self.market.symbol, client_id)
            except UNREACHABLE:
                return self._late.put_off(client_id, self.now)  # the others would only wait as long
            if report is not None:
                await self.settle(order, report)
            await self._still_late(client_id, report)
        return None

    async def _still_late(self, client_id: str, report: OrderReport | None) -> None:
        order = self.find(client_id)
        if order is None or (report is not None and order.filled >= report.filled):
            self._late.came(client_id)
        elif self._late.asked_in_vain(client_id, self.now):
            text = (
                f"The exchange counts more of order {client_id} as filled than it lists fills for. "
                "The bot goes on asking."
            )
            await self.store.tell("fills_missing", text, "warning")

    async def ingest(self, fill: Fill) -> bool:
        """Books a fill of one of our orders, once. True when it was new, to the books or to this engine."""
        change = await self.store.ingest(fill)
        if change is None or self._knows(change):
            return False
        self.apply(change)
        self.risk_manager.note_fill(self.now)
        self.pauses.filled(change.order.slot, change.order.side, self.now)
        self.strategy.on_order_filled(change.order)
        return True

    def _knows(self, change: Change) -> bool:
        """Fills are booked whatever the token: a process that had the bot before may have booked this one after its
        state was loaded here. Unless that is taken over, the order would stay open here for ever."""
        if change.new or change.position != self.position_manager.position:
            return False
        known = self.find(change.order.client_id)
        return known is None or known.filled == change.order.filled

    def apply(self, change: Change) -> None:
        """Takes over what a write to the store has done."""
        order = change.order
        current = self.live.get(order.slot)
        if order.status.is_live:
            self.live[order.slot] = order
        elif current is not None and current.client_id == order.client_id:
            del self.live[order.slot]
        if not order.status.is_live:
            self._late.came(order.client_id)
        self.strategy.state.slots[change.slot.slot] = change.slot
        self.position_manager.position = change.position
