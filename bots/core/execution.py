"""The orders of one bot at its exchange: placed once, cancelled, settled, their fills booked."""

from collections.abc import Iterable
from dataclasses import replace

from bots.core.late_fills import LateFills
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
from bots.core.sending import BUSY_MS, MINUTE, RETRY_MS, Pause, Sending, paused
from bots.core.slots import reserve_dust
from bots.core.strategies.base import BaseStrategy
from bots.core.types import Fill, Market, OrderReport, OrderStatus, Side

UNREACHABLE = (ExchangeUnavailable, RateLimited)
NOT_NOW = frozenset({"clock", "too_many_orders"})  # refusals that say nothing about the one order


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
        self.sending = Sending()
        self._pauses: dict[int, Pause] = {}  # by slot
        self._short: dict[Side, Pause] = {}  # sides for which the account has too little
        self._late = LateFills()
        self._cancel_again: dict[str, int] = {}  # client id: when a cancel that failed is tried again
        self._cancelled_outside: int | None = None  # when an order ended so that we had not asked for it
        self._unreachable: int | None = None  # the event (its `now`) in which a cancel did not get through

    def adopt(self, orders: Iterable[Order]) -> None:
        self.live = {order.slot: order for order in orders}

    def find(self, client_id: str) -> Order | None:
        return next((order for order in self.live.values() if order.client_id == client_id), None)

    @property
    def recheck_times(self) -> list[int]:
        """When `look_for_late_fills` has something to ask (ms)."""
        return self._late.times

    def paused(self, order: PlannedOrder | Order) -> Deferred | None:
        """Why the order is not sent at the moment: the exchange is in trouble, the account is short of what it
        needs, or its slot waits after a refusal."""
        for pause in (self._short.get(order.side), self._pauses.get(order.slot)):
            if pause is not None and self.now < pause.until:
                return pause.deferred()
        return self.sending.waits(self.now)

    # Placing

    async def place(self, orders: list[PlannedOrder]) -> set[int]:
        """Writes the orders down and sends them one by one. Where the exchange leaves one unknown, or the slice
        takes too long, the rest is given up unsent: fills and cancels go first, and the plan asks for it anew.
        Answers the slots of that rest."""
        if not orders:
            return set()
        intended = await self.store.intend(orders)
        for order in intended:
            self.live[order.slot] = order
        for planned in orders:
            if planned.dust:
                slot = reserve_dust(self.strategy.slot(planned.slot), planned.cycle, planned.dust)
                self.strategy.state.slots[planned.slot] = slot
        unsent = await self._send_all(intended)
        for order in unsent:
            await self.forget(order, "never_sent")
        return {order.slot for order in unsent}

    async def _send_all(self, orders: list[Order]) -> list[Order]:
        """Answers those that were not sent."""
        began, unsent = await self.exchange.exchange_time(), []
        self.sending.begin()
        for number, order in enumerate(orders, start=1):
            if self.paused(order):
                unsent.append(order)
                continue
            await self.send(order)
            await self._look_at_clock()
            if order.slot in self.live and self.live[order.slot].is_never_sent:
                unsent.append(order)  # the rate limiter had no room for it
            elif self.now - began > BUSY_MS and number < len(orders):
                self.sending.slow(number)
                return unsent + orders[number:]
        self.sending.end(self.now - began)
        return unsent

    async def send(self, order: Order) -> None:
        """Sends a pending order exactly once and records the outcome; whatever is not certain stays unknown."""
        try:
            await self.exchange.reserve_order()
        except RateLimited as refusal:
            return await self._in_trouble(refusal, int(refusal.retry_after * 1000))
        sent = await self.store.mark_sent(order, await self.exchange.exchange_time())
        if sent is None:
            return None
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
        except (DuplicateClientId, OutcomeUnknown) as problem:
            await self._in_trouble(problem)  # the order stays unknown: recovery resolves it
        else:
            self._short.pop(sent.side, None)
            await self.settle(sent, report)
            if report.status in (OrderStatus.CANCELLED, OrderStatus.ERROR) and not report.filled:
                self._pause(sent.slot, report.reason or "the order ended without a fill")
        return None

    async def _in_trouble(self, problem: ExchangeError, least: int = 0) -> None:
        await self._look_at_clock()
        detail = "the exchange does not answer for certain; the order is sent when it does"
        self.sending.failed(self.now, "unavailable", problem.detail if least else detail, least)

    async def _refused(self, order: Order, refusal: ExchangeError, least: int = 0) -> None:
        await self._look_at_clock()
        reason = f"{refusal.code}: {refusal.detail}"[:300]
        self.apply(await self.store.record(order, OrderStatus.ERROR, reason=reason))
        if refusal.code == "insufficient_funds":
            await self._run_short(order, refusal.detail)
        elif least or refusal.code in NOT_NOW:
            self.sending.failed(self.now, "unavailable", refusal.detail, least)
        else:
            self._pause(order.slot, refusal.detail)

    async def _run_short(self, order: Order, detail: str) -> None:
        """The account has less than the bot counts on: all orders of that side wait, one of them is tried now and
        then, and the user is told once."""
        before = self._short.get(order.side)
        self._short[order.side] = paused(before, self.now, "insufficient_funds", detail)
        self.sending.one_by_one()
        if before is None:
            asset = self.market.base if order.side is Side.SELL else self.market.quote
            text = (
                f"The account has too little {asset} for a {order.side} of this bot; was some of it withdrawn or "
                "used elsewhere? Its orders wait, and one is tried again now and then."
            )
            await self.store.tell("insufficient_funds", text, "warning")

    async def _look_at_clock(self) -> None:
        """Sending takes its time: a pause counts from now, not from the event that led to the order."""
        self.now = max(self.now, await self.exchange.exchange_time())

    def _pause(self, slot: int, detail: str) -> None:
        self._pauses[slot] = paused(self._pauses.get(slot), self.now, "refused", detail)

    # Cancelling

    async def cancel(self, order: Order, reason: str) -> bool:
        """Asks the exchange to cancel and books what the order did until then. True when it is gone; otherwise
        it stays as it is, and is not asked for again for a moment."""
        if self.now < self._cancel_again.get(order.client_id, 0) or self._unreachable == self.now:
            return False
        try:
            report = await self.exchange.cancel_order(self.market.symbol, order.client_id)
            if report is None:
                report = await self.exchange.fetch_order(self.market.symbol, order.client_id)
        except UNREACHABLE:
            report, self._unreachable = None, self.now  # the next ones would only wait as long
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
            self.apply(await self.store.record(order, status, report.exchange_id, why))
            if not (reason or report.reason):
                await self._tell_cancelled()
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
        self._pauses.pop(change.order.slot, None)
        short = self._short.get(change.order.side.opposite)
        if short is not None:  # what this fill brought may be what was missing
            self._short[change.order.side.opposite] = replace(short, until=self.now)
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
            self._cancel_again.pop(order.client_id, None)
        self.strategy.state.slots[change.slot.slot] = change.slot
        self.position_manager.position = change.position
