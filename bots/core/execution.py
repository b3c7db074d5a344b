"""The orders of one bot at its exchange: placed once, cancelled, settled, their fills booked."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bots.core.ledger import PositionManager
from bots.core.orders import Order, PlannedOrder
from bots.core.ports import (
    AccountRefused,
    Change,
    DuplicateClientId,
    ExchangeConnector,
    ExchangeError,
    ExchangeUnavailable,
    OrderRefused,
    OrderStore,
    OutcomeUnknown,
    RateLimited,
)
from bots.core.risk import Deferred, RiskManager
from bots.core.slots import reserve_dust
from bots.core.strategies.base import BaseStrategy
from bots.core.types import Fill, Market, OrderReport, OrderStatus

FILLS_LATE_MS = 500  # how long a stream's fill may come after the report that counts it
RETRY_MS = 2_000  # before a refused order's next attempt, which doubles up to a minute, and before a cancel's
MINUTE = 60_000
UNREACHABLE = (ExchangeUnavailable, RateLimited)


@dataclass(frozen=True, slots=True)
class Pause:
    """A slot whose last orders were refused."""

    until: int
    refusals: int
    detail: str


class Execution:
    """Keeps `live`, the pending and open orders by slot, true to the store and to the exchange."""

    def __init__(
        self,
        strategy: BaseStrategy,
        exchange: ExchangeConnector,
        position_manager: PositionManager,
        risk_manager: RiskManager,
        *,
        store: OrderStore,
        market: Market,
    ) -> None:
        self.strategy = strategy
        self.exchange = exchange
        self.position_manager = position_manager
        self.risk_manager = risk_manager
        self.store = store
        self.market = market
        self.now = 0
        self.live: dict[int, Order] = {}
        self._pauses: dict[int, Pause] = {}
        self._recheck: dict[str, int] = {}  # client id: when to ask for its fills
        self._cancel_again: dict[str, int] = {}  # client id: when a cancel that failed is tried again

    def adopt(self, orders: Iterable[Order]) -> None:
        self.live = {order.slot: order for order in orders}

    def find(self, client_id: str) -> Order | None:
        return next((order for order in self.live.values() if order.client_id == client_id), None)

    @property
    def recheck_times(self) -> list[int]:
        """When `look_for_late_fills` has something to ask (ms)."""
        return list(self._recheck.values())

    def paused(self, order: PlannedOrder) -> Deferred | None:
        """Whether the slot still waits after a refusal."""
        pause = self._pauses.get(order.slot)
        if pause is None or self.now >= pause.until:
            return None
        return Deferred("refused", pause.detail, until=pause.until)

    # Placing

    async def place(self, orders: list[PlannedOrder]) -> None:
        if not orders:
            return
        intended = await self.store.intend(orders)
        for order in intended:
            self.live[order.slot] = order
        for planned in orders:
            if planned.dust:
                slot = reserve_dust(self.strategy.slot(planned.slot), planned.cycle, planned.dust)
                self.strategy.state.slots[planned.slot] = slot
        for order in intended:
            await self.send(order)

    async def send(self, order: Order) -> None:
        """Sends a pending order exactly once and records the outcome; whatever is not certain stays unknown."""
        await self.exchange.reserve_order()
        sent = await self.store.mark_sent(order, await self.exchange.exchange_time())
        if sent is None:
            return
        assert sent.sent_at is not None  # noqa: S101 - mark_sent has just set it
        self.live[sent.slot] = sent
        try:
            report = await self.exchange.create_order(sent.request(self.market.symbol), sent.sent_at)
        except OrderRefused as refusal:
            await self._refused(sent, refusal)
        except RateLimited as refusal:
            await self._refused(sent, refusal, int(refusal.retry_after * 1000))
        except AccountRefused as refusal:
            await self._refused(sent, refusal)
            raise
        except (DuplicateClientId, OutcomeUnknown):
            return  # stays unknown: recovery resolves it
        else:
            await self.settle(sent, report)
            if report.status in (OrderStatus.CANCELLED, OrderStatus.ERROR) and not report.filled:
                self._pause(sent.slot, report.reason or "the order ended without a fill")

    async def _refused(self, order: Order, refusal: ExchangeError, pause: int = 0) -> None:
        reason = f"{refusal.code}: {refusal.detail}"[:300]
        self.apply(await self.store.record(order, OrderStatus.ERROR, reason=reason))
        self._pause(order.slot, refusal.detail, pause)

    def _pause(self, slot: int, detail: str, least: int = 0) -> None:
        before = self._pauses.get(slot)
        refusals = before.refusals if before else 0
        wait = max(least, min(MINUTE, RETRY_MS * 2**refusals))
        self._pauses[slot] = Pause(self.now + wait, min(refusals + 1, 6), detail)

    # Cancelling

    async def cancel(self, order: Order, reason: str) -> bool:
        """Asks the exchange to cancel and books what the order did until then. True when it is gone; otherwise
        it stays as it is, and is not asked for again for a moment."""
        if self.now < self._cancel_again.get(order.client_id, 0):
            return False
        try:
            report = await self.exchange.cancel_order(self.market.symbol, order.client_id)
            if report is None:
                report = await self.exchange.fetch_order(self.market.symbol, order.client_id)
        except UNREACHABLE:
            report = None
        if report is not None:
            await self.settle(order, report, reason)
        if self.find(order.client_id) is None:
            return True
        self._cancel_again[order.client_id] = self.now + RETRY_MS
        return False

    async def verify_gone(self, prefix: str) -> bool:
        """Whether the exchange itself shows no open order whose id begins with `prefix`."""
        try:
            reports = await self.exchange.open_orders(self.market.symbol)
        except UNREACHABLE:
            return False
        return not any(report.client_id.startswith(prefix) for report in reports)

    # Settling

    async def take(self, order: Order, report: OrderReport) -> None:
        """A report by the stream: the fills it counts are on their way by the same stream."""
        if report.filled > order.filled:
            self._recheck[order.client_id] = self.now + FILLS_LATE_MS
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
            self._recheck[order.client_id] = self.now + FILLS_LATE_MS
        ended = report.status in (OrderStatus.CANCELLED, OrderStatus.ERROR)
        if ended and order.filled >= report.filled:
            # What was open once and is rejected now (Bybit tells so late) has ended like any cancelled order.
            status = OrderStatus.CANCELLED if order.status is OrderStatus.OPEN else report.status
            why = reason or report.reason or "cancelled at the exchange"
            self.apply(await self.store.record(order, status, report.exchange_id, why))
        elif order.status is OrderStatus.PENDING:
            self.apply(await self.store.record(order, OrderStatus.OPEN, report.exchange_id))

    async def forget(self, order: Order, reason: str) -> None:
        """The order never came to the exchange: its slot may try again under a new client id."""
        self.apply(await self.store.record(order, OrderStatus.ERROR, reason=reason))

    async def _fills_of(self, order: Order, report: OrderReport) -> list[Fill]:
        try:
            fills = await self.exchange.order_fills(report.symbol, report.exchange_id)
        except UNREACHABLE:
            return []
        return [replace(fill, client_id=order.client_id) for fill in fills]

    async def look_for_late_fills(self) -> None:
        """Asks for what orders have done where the stream did not tell all of it in time."""
        for client_id in [name for name, at in self._recheck.items() if self.now >= at]:
            del self._recheck[client_id]
            order = self.find(client_id)
            if order is not None:
                await self._ask(order)

    async def _ask(self, order: Order) -> None:
        try:
            report = await self.exchange.fetch_order(self.market.symbol, order.client_id)
        except UNREACHABLE:
            report = None
        if report is not None:
            await self.settle(order, report)
        else:
            self._recheck[order.client_id] = self.now + RETRY_MS

    async def ingest(self, fill: Fill) -> bool:
        """Books a fill of one of our orders, once. True when it was new."""
        change = await self.store.ingest(fill)
        if change is None:
            return False
        self.apply(change)
        self.risk_manager.note_fill(self.now)
        self._pauses.pop(change.order.slot, None)
        self.strategy.on_order_filled(change.order)
        return True

    def apply(self, change: Change) -> None:
        """Takes over what a write to the store has done."""
        order = change.order
        current = self.live.get(order.slot)
        if order.status.is_live:
            self.live[order.slot] = order
        elif current is not None and current.client_id == order.client_id:
            del self.live[order.slot]
        if not order.status.is_live:
            self._recheck.pop(order.client_id, None)
            self._cancel_again.pop(order.client_id, None)
        self.strategy.state.slots[change.slot.slot] = change.slot
        self.position_manager.position = change.position
