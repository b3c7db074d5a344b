"""The orders of one bot at its exchange: placed once, and cancelled."""

from bots.core.orders import Order, PlannedOrder
from bots.core.ports import (
    AccountRefused,
    Change,
    DuplicateClientId,
    ExchangeError,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
)
from bots.core.risk import Deferred
from bots.core.sending import BUSY_MS, RETRY_MS, Sending
from bots.core.settlement import UNREACHABLE, Parts, Settlement
from bots.core.slots import reserve_dust
from bots.core.types import OrderStatus, Side

NOT_NOW = frozenset({"clock", "too_many_orders"})  # refusals that say nothing about the one order


class Execution(Settlement):
    """Sends what the plan asks for, and cancels what it no longer wants."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.sending = Sending()
        self._unreachable: int | None = None  # the event (its `now`) in which a cancel did not get through

    def paused(self, order: PlannedOrder | Order) -> Deferred | None:
        """Why the order is not sent at the moment: the exchange is in trouble, the account is short of what it
        needs, or its slot waits after a refusal."""
        return self.pauses.waits(order.slot, order.side, self.now) or self.sending.waits(self.now)

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
        try:
            unsent = await self._send_all(intended)
        except UNREACHABLE:
            await self.give_up([order for order in self.live.values() if order.is_never_sent])
            raise
        await self.give_up(unsent)
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
            self.pauses.accepted(sent.side)
            await self.settle(sent, report)
            if report.status in (OrderStatus.CANCELLED, OrderStatus.ERROR) and not report.filled:
                self.pauses.ended_unfilled(sent.slot, self.now, report.reason)
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
            self.pauses.refused(order.slot, self.now, refusal.detail)

    async def _run_short(self, order: Order, detail: str) -> None:
        """The account has less than the bot counts on: all orders of that side wait, one of them is tried now and
        then, and the user is told once."""
        first = self.pauses.run_short(order.side, self.now, detail)
        self.sending.one_by_one()
        if first:
            asset = self.market.base if order.side is Side.SELL else self.market.quote
            text = (
                f"The account has too little {asset} for a {order.side} of this bot; was some of it withdrawn or "
                "used elsewhere? Its orders wait, and one is tried again now and then."
            )
            await self.store.tell("insufficient_funds", text, "warning")

    async def _look_at_clock(self) -> None:
        """Sending takes its time: a pause counts from now, not from the event that led to the order."""
        self.now = max(self.now, await self.exchange.exchange_time())

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

    def apply(self, change: Change) -> None:
        super().apply(change)
        if not change.order.status.is_live:
            self._cancel_again.pop(change.order.client_id, None)
