"""The engine of one bot: compares what should be with what is, and acts through its ports.

Live, paper, simulator and exact backtest run this same engine; only what stands behind the ports differs.
Its caller hands it one event at a time.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from bots.core.ledger import PositionManager
from bots.core.orders import Order, PlannedOrder
from bots.core.plan import make_plan
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
from bots.core.risk import Deferred, Denied, RiskManager
from bots.core.slots import EXIT_SLOT, reserve_dust
from bots.core.strategies.base import Band, BaseStrategy, MarketData, Memory
from bots.core.types import ZERO, Fill, Market, OrderReport, OrderStatus, OrderType, Side

ROUNDS = 20  # of compare and act before the engine lets other events in
FILLS_LATE_MS = 500  # how long a stream's fill may come after the report that counts it
REFUSED_PAUSE_MS = 2_000  # before a refused order's next attempt; doubles up to a minute
MINUTE = 60_000


class BotEngine:
    """`running`, `paused` or `stopping` is what the bot is told to do; `stop_action` says what becomes of its
    inventory: keep, or sell at the market."""

    def __init__(
        self,
        strategy: BaseStrategy,
        exchange: ExchangeConnector,
        position_manager: PositionManager,
        risk_manager: RiskManager,
        *,
        store: OrderStore,
        market: Market,
        prefix: str,
    ) -> None:
        self.strategy = strategy
        self.exchange = exchange
        self.position_manager = position_manager
        self.risk_manager = risk_manager
        self.store = store
        self.market = market
        self.prefix = prefix  # what the client ids of this bot's orders begin with
        self.mode = "running"
        self.stop_action = "keep"
        self.live: dict[int, Order] = {}
        self.price: Decimal | None = None
        self.now = 0
        self.band = Band()
        self.done = False
        self._alarm: int | None = None
        self._remembered: Memory = dict(strategy.state.memory)
        self._reasons: dict[int, str] = {}
        self._paused_until: dict[int, tuple[int, int]] = {}  # slot: (until, refusals in a row)
        self._recheck: dict[str, int] = {}  # client id: when to ask for its fills
        self._minute = 0

    # Events

    def adopt(self, orders: Iterable[Order]) -> None:
        """The live orders as the store has them."""
        self.live = {order.slot: order for order in orders}

    async def start(self, price: Decimal, now: int) -> None:
        """Acts on the first price; what is missing is placed at the limits' pace."""
        self.price, self.now = price, now
        await self.act(explained=True)

    async def stop(self, action: str) -> None:
        """Cancels every order, then sells or keeps. Done when `done` is true."""
        self.mode, self.stop_action = "stopping", action
        await self.act(explained=True)

    @property
    def wake_at(self) -> int | None:
        """When `on_timer` should be called at the latest (ms); None: no need."""
        times = [self._alarm, self.strategy.wake_at if self.mode == "running" else None]
        times += self._recheck.values()
        times += [until for until, _ in self._paused_until.values() if until > self.now]
        return min((time for time in times if time is not None), default=None)

    async def on_tick(self, price: Decimal, now: int) -> None:
        """A price of the market. One that crosses none of the bot's thresholds changes nothing."""
        self.price, self.now = price, max(now, self.now)
        await self._close_minute()
        if not self.band.holds(price):
            await self.act(explained=True)

    async def on_timer(self, now: int) -> None:
        """The clock moved on: buys that are due, pauses that are over, fills that did not come by stream."""
        due = self.wake_at is not None and now >= self.wake_at
        self.now = max(now, self.now)
        await self._close_minute()
        late = [client_id for client_id, at in self._recheck.items() if now >= at]
        for client_id in late:
            await self._ask(client_id)
        if due:
            await self.act(explained=True)

    async def on_fill(self, fill: Fill) -> None:
        if await self.ingest(fill):
            await self.act(explained=False)

    async def on_order(self, report: OrderReport) -> None:
        """A report of one of our orders by the account's stream."""
        order = self._find(report.client_id)
        if order is None:
            return
        if report.filled > order.filled:  # its fills are on their way by the same stream
            self._recheck[order.client_id] = self.now + FILLS_LATE_MS
            return
        await self.settle(order, report)
        if order.slot not in self.live:
            await self.act(explained=False)

    # Compare and act

    async def act(self, explained: bool) -> None:
        """Brings the exchange to what should be. Calling it again changes nothing. `explained` says that not
        fills but a start, a timer or a deferral's end cause these orders."""
        self._alarm = None
        for _ in range(ROUNDS):
            if self.done or self.price is None or not await self._step(explained):
                return
        self._wake(self.now)

    async def _step(self, explained: bool) -> bool:
        """One round; true when another may find more to do."""
        if self.mode == "paused":
            return False
        if self.mode == "stopping":
            return await self._wind_down()
        data = self._data()
        await self._begin(data)
        wanted = self.strategy.calculate_orders(data)
        await self._remember()
        self.band = self.strategy.band
        if self.strategy.should_stop():
            return await self._stop_itself(self.strategy.stop_reason, self.strategy.stop_sells)
        return await self._carry_out(wanted, explained)

    async def _begin(self, data: MarketData) -> None:
        beginning = self.strategy.begin(data)
        if beginning is not None:
            self.strategy.state.memory = beginning.memory
            self._remembered = dict(beginning.memory)
            self.strategy.state.slots.update({slot.slot: slot for slot in beginning.slots})
            await self.store.begin(beginning)
        grants = self.strategy.grants(data)
        if grants is not None:
            self.strategy.state.slots.update(await self.store.grant(grants))
            self.strategy.state.memory["granted"] = self._remembered["granted"] = True

    async def _remember(self) -> None:
        memory = self.strategy.state.memory
        if memory != self._remembered:
            self._remembered = dict(memory)
            await self.store.remember(memory)

    async def _stop_itself(self, reason: str, sells: bool = False, rule: str = "") -> bool:
        """`rule` names the limit of the risk gate that halts the bot until it is reset."""
        action = "sell" if sells else "keep"
        await self.store.request_stop(reason, action, rule)
        self.mode, self.stop_action = "stopping", action
        return True

    async def _carry_out(self, wanted: list[PlannedOrder], explained: bool) -> bool:
        plan = make_plan(wanted, self.live)
        for outdated in plan.cancel:
            await self.cancel(outdated, "replaced")
        reasons = dict(self.strategy.reasons)
        allowed: list[PlannedOrder] = []
        funds = self._free_funds()
        for order in plan.place:
            verdict = self._paused(order) or self.risk_manager.check(order, self._price, self.now, funds)
            if isinstance(verdict, Denied):
                return await self._stop_itself(verdict.reason, rule=verdict.rule)
            if isinstance(verdict, Deferred):
                self._defer(order, verdict, reasons)
                continue
            self.risk_manager.note_placed(self.now, explained)
            funds = None if funds is None else funds - self._cost(order)
            allowed.append(order)
        await self._explain(reasons)
        await self._place(allowed)
        return bool(plan.cancel or allowed)

    def _defer(self, order: PlannedOrder, verdict: Deferred, reasons: dict[int, str]) -> None:
        reasons[order.slot] = f"{verdict.code}: {verdict.reason}"
        if verdict.price is not None:
            self.band.bound(verdict.price, self._price)
        if verdict.until is not None:
            self._wake(verdict.until)

    def _paused(self, order: PlannedOrder) -> Deferred | None:
        until, _ = self._paused_until.get(order.slot, (0, 0))
        if self.now >= until:
            return None
        return Deferred("refused", self._reasons.get(order.slot, "").removeprefix("refused: "), until=until)

    async def _explain(self, reasons: dict[int, str]) -> None:
        changed = {
            slot: reasons.get(slot, "")
            for slot in reasons.keys() | self._reasons.keys()
            if reasons.get(slot, "") != self._reasons.get(slot, "")
        }
        if changed:
            self._reasons = reasons
            await self.store.explain(changed)

    async def _wind_down(self) -> bool:
        """Cancels all, sells what the action says, and checks at the exchange that nothing is left."""
        for order in [order for order in self.live.values() if order.status is OrderStatus.OPEN]:
            await self.cancel(order, "stopped")
        if self.live:
            self._wake(self.now + FILLS_LATE_MS)
            return False
        last = self.strategy.exit_order(self._data()) if self.stop_action == "sell" else None
        if last is not None:
            paused = self._paused(last)
            if paused is None:
                await self._place([last])
            self._wake(self.now + FILLS_LATE_MS)
            return paused is None and EXIT_SLOT not in self.live
        await self._explain({})
        self.done = await self.verify_gone()
        if self.done:
            await self.store.finished()
        else:
            self._wake(self.now + FILLS_LATE_MS)
        return False

    async def verify_gone(self) -> bool:
        """Whether the exchange itself shows no open order of this bot."""
        try:
            reports = await self.exchange.open_orders(self.market.symbol)
        except (ExchangeUnavailable, RateLimited):
            return False
        return not any(report.client_id.startswith(self.prefix) for report in reports)

    # The order protocol

    async def _place(self, orders: list[PlannedOrder]) -> None:
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
            await self.execute_order(order)

    async def execute_order(self, order: Order) -> None:
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
            self._wake(self.now + FILLS_LATE_MS)  # stays unknown: `resolve` finds out
        else:
            await self.settle(sent, report)

    async def _refused(self, order: Order, refusal: ExchangeError, pause: int = 0) -> None:
        change = await self.store.record(
            order, OrderStatus.ERROR, reason=f"{refusal.code}: {refusal.detail}"[:300]
        )
        self._apply(change)
        _, before = self._paused_until.get(order.slot, (0, 0))
        until = self.now + max(pause, min(MINUTE, REFUSED_PAUSE_MS * 2**before))
        self._paused_until[order.slot] = (until, min(before + 1, 6))
        self._reasons[order.slot] = f"refused: {refusal.detail}"
        await self.store.explain({order.slot: self._reasons[order.slot]})

    async def cancel(self, order: Order, reason: str) -> None:
        """Asks the exchange to cancel and books what the order did until then. When it cannot be reached the
        order stays as it is, and the next round tries again."""
        try:
            report = await self.exchange.cancel_order(self.market.symbol, order.client_id)
            if report is None:
                report = await self.exchange.fetch_order(self.market.symbol, order.client_id)
        except (ExchangeUnavailable, RateLimited):
            self._wake(self.now + REFUSED_PAUSE_MS)
            return
        if report is not None:
            await self.settle(order, report, reason)

    async def settle(self, order: Order, report: OrderReport, reason: str = "") -> None:
        """Brings our order to what the exchange reports. It ends only when all its fills are booked."""
        if report.filled > order.filled:
            for fill in await self._fills_of(order, report):
                await self.ingest(fill)
            found = self._find(order.client_id)
            if found is None:
                return
            order = found
        if report.filled > order.filled:
            self._recheck[order.client_id] = self.now + FILLS_LATE_MS
        if report.status in (OrderStatus.CANCELLED, OrderStatus.ERROR) and order.filled >= report.filled:
            why = reason or report.reason or "cancelled at the exchange"
            self._apply(await self.store.record(order, report.status, report.exchange_id, why))
        elif order.status is OrderStatus.PENDING:
            self._apply(await self.store.record(order, OrderStatus.OPEN, report.exchange_id))

    async def _fills_of(self, order: Order, report: OrderReport) -> list[Fill]:
        try:
            fills = await self.exchange.order_fills(report.symbol, report.exchange_id)
        except (ExchangeUnavailable, RateLimited):
            return []
        return [replace(fill, client_id=order.client_id) for fill in fills]

    async def forget(self, order: Order, reason: str) -> None:
        """The order never came to the exchange: its slot may try again under a new client id."""
        self._apply(await self.store.record(order, OrderStatus.ERROR, reason=reason))

    async def _ask(self, client_id: str) -> None:
        """Fetches what an order has done where the stream did not tell all of it."""
        self._recheck.pop(client_id, None)
        order = self._find(client_id)
        if order is None:
            return
        try:
            report = await self.exchange.fetch_order(self.market.symbol, client_id)
        except (ExchangeUnavailable, RateLimited):
            report = None
        if report is not None:
            await self.settle(order, report)
        elif order.status is OrderStatus.OPEN:
            self._recheck[client_id] = self.now + REFUSED_PAUSE_MS

    async def ingest(self, fill: Fill) -> bool:
        """Books a fill of one of our orders, once. True when it was new."""
        change = await self.store.ingest(fill)
        if change is None:
            return False
        self._apply(change)
        self.risk_manager.note_fill(self.now)
        self._paused_until.pop(change.order.slot, None)
        self.strategy.on_order_filled(change.order)
        return True

    def _apply(self, change: Change) -> None:
        order = change.order
        current = self.live.get(order.slot)
        if order.status.is_live:
            self.live[order.slot] = order
        elif current is not None and current.client_id == order.client_id:
            del self.live[order.slot]
            self._recheck.pop(order.client_id, None)
        self.strategy.state.slots[change.slot.slot] = change.slot
        self.position_manager.position = change.position

    # Small helpers

    async def _close_minute(self) -> None:
        """At each minute's close: the equity snapshot and the loss of the last hour."""
        minute = self.now // MINUTE
        if self.price is None or minute == self._minute:
            return
        first, self._minute = self._minute == 0, minute
        if first:
            return
        position = self.position_manager.position
        equity = position.equity(self.price)
        await self.store.minute(minute * MINUTE, equity, position.realized)
        verdict = self.risk_manager.minute_close(minute * MINUTE, equity, position.cost)
        if verdict is not None and self.mode == "running":
            await self._stop_itself(verdict.reason, rule=verdict.rule)
            await self.act(explained=True)

    @property
    def _price(self) -> Decimal:
        return self.price if self.price is not None else ZERO

    def _data(self) -> MarketData:
        return MarketData(self._price, self.now, self.market, self.position_manager.position)

    def _find(self, client_id: str) -> Order | None:
        return next((order for order in self.live.values() if order.client_id == client_id), None)

    def _cost(self, order: PlannedOrder | Order) -> Decimal:
        if order.side is Side.SELL:
            return ZERO
        quantity = order.remaining if isinstance(order, Order) else order.quantity
        price = self._price if order.type is OrderType.MARKET else order.price or self._price
        return quantity * price

    def _free_funds(self) -> Decimal | None:
        """Quote of the bot that no live order has spoken for; None where cash does not bound it."""
        if not self.strategy.bounded_by_cash:
            return None
        return self.position_manager.position.cash - sum(map(self._cost, self.live.values()), ZERO)

    def _wake(self, at: int) -> None:
        self._alarm = at if self._alarm is None else min(self._alarm, at)
