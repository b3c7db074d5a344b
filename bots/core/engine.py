"""The engine of one bot: compares what should be with what is, and acts through its ports.

Live, paper, simulator and exact backtest run this same engine; only what stands behind the ports differs.
Its caller hands it one event at a time.
"""

from collections.abc import Iterable
from decimal import Decimal

from bots.core.execution import FILLS_LATE_MS, MINUTE, RETRY_MS, Execution
from bots.core.ledger import PositionManager
from bots.core.orders import Order, PlannedOrder
from bots.core.plan import make_plan
from bots.core.ports import ExchangeConnector, OrderStore
from bots.core.risk import Deferred, Denied, RiskManager
from bots.core.slots import EXIT_SLOT, PURCHASE_SLOT
from bots.core.strategies.base import Band, BaseStrategy, MarketData, Memory
from bots.core.types import ZERO, Fill, Market, OrderReport, OrderStatus, OrderType, Side

ROUNDS = 20  # of compare and act before the engine lets other events in


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
        self.execution = Execution(
            strategy, exchange, position_manager, risk_manager, store=store, market=market
        )
        self.mode = "running"
        self.stop_action = "keep"
        self.price: Decimal | None = None
        self.band = Band()
        self.done = False
        self._alarm: int | None = None
        self._remembered: Memory = dict(strategy.state.memory)
        self._reasons: dict[int, str] = {}
        self._placed: dict[int, tuple[int, Side]] = {}  # slot: cycle and side of the last order placed
        self._deferred: set[int] = set()
        self._minute = 0

    @property
    def live(self) -> dict[int, Order]:
        """The pending and open orders by slot."""
        return self.execution.live

    @property
    def now(self) -> int:
        return self.execution.now

    @now.setter
    def now(self, now: int) -> None:
        self.execution.now = now

    # Events

    def adopt(self, orders: Iterable[Order]) -> None:
        """The live orders as the store has them."""
        self.execution.adopt(orders)

    async def start(self, price: Decimal, now: int) -> None:
        """Acts on the first price; what is missing is placed at the limits' pace."""
        self.price, self.now = price, now
        await self.act(explained=True)

    async def stop(self, action: str) -> None:
        """Cancels every order, then sells or keeps. Done when `done` is true."""
        self.mode, self.stop_action = "stopping", action
        await self.act(explained=True)

    async def halt(self, reason: str) -> None:
        """Trading above this bot is halted ("": no more): nothing is opened, replaced or sold, what is open stays."""
        if reason == self.risk_manager.halt:
            return
        self.risk_manager.halt = reason
        await self.act(explained=True)

    @property
    def wake_at(self) -> int | None:
        """When `on_timer` should be called at the latest (ms); None: no need."""
        times = [self._alarm, self.strategy.wake_at if self.mode == "running" else None]
        times += self.execution.recheck_times
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
        await self.execution.look_for_late_fills()
        if due:
            await self.act(explained=True)

    async def on_fill(self, fill: Fill) -> None:
        if await self.ingest(fill):
            await self.act(explained=False)

    async def on_order(self, report: OrderReport) -> None:
        """A report of one of our orders by the account's stream."""
        order = self.execution.find(report.client_id)
        if order is None:
            return
        await self.execution.take(order, report)
        if order.slot not in self.live:
            await self.act(explained=False)

    # The order protocol, for the runner and its recovery; what changed is acted upon at the next `on_timer`

    async def execute_order(self, order: Order) -> None:
        """Sends a pending order exactly once and records the outcome."""
        await self.execution.send(order)

    async def settle(self, order: Order, report: OrderReport, reason: str = "") -> None:
        """Brings our order to what the exchange reports. It ends only when all its fills are booked."""
        await self.execution.settle(order, report, reason)
        self._wake(self.now)

    async def ingest(self, fill: Fill) -> bool:
        """Books a fill of one of our orders, once. True when it was new."""
        return await self.execution.ingest(fill)

    async def forget(self, order: Order, reason: str) -> None:
        """The order never came to the exchange: its slot may try again under a new client id."""
        await self.execution.forget(order, reason)
        self._wake(self.now)

    # Compare and act

    async def act(self, explained: bool) -> None:
        """Brings the exchange to what should be. Calling it again changes nothing. `explained` says that not
        fills but a start, a timer or a deferral's end cause these orders."""
        self._alarm = None
        for _ in range(ROUNDS):
            if self.done or not await self._step(explained):
                return
        self._wake(self.now)

    async def _step(self, explained: bool) -> bool:
        """One round; true when another may find more to do."""
        if self.mode == "stopping":
            return await self._wind_down()
        if self.mode == "paused" or self.price is None:
            return False
        data = self._data()
        await self._begin(data)
        wanted = self.strategy.calculate_orders(data)
        await self._remember()
        self.band = self.strategy.band
        if self.strategy.should_stop() and not self.risk_manager.halt:
            return await self._stop_itself(self.strategy.stop_reason, self.strategy.stop_sells)
        return await self._carry_out(wanted, explained)

    async def _begin(self, data: MarketData) -> None:
        beginning = self.strategy.begin(data)
        if beginning is not None:
            self.strategy.state.memory = beginning.memory
            self._remembered = dict(beginning.memory)
            self.strategy.state.slots.update({slot.slot: slot for slot in beginning.slots})
            await self.store.begin(beginning)
        # What the purchase still buys would miss its slots: they are granted when it has ended.
        grants = self.strategy.grants(data) if PURCHASE_SLOT not in self.live else None
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
        outdated = () if self.risk_manager.halt else plan.cancel
        gone = [await self.execution.cancel(order, "replaced") for order in outdated]
        if any(gone):
            return True  # what they did until then may change what is wanted
        if gone:
            self._wake(self.now + RETRY_MS)
        reasons = dict(self.strategy.reasons)
        verdict = await self._place(plan.place, explained, reasons)
        if isinstance(verdict, Denied):
            return await self._stop_itself(verdict.reason, rule=verdict.rule)
        return verdict

    async def _place(
        self, orders: Iterable[PlannedOrder], explained: bool, reasons: dict[int, str]
    ) -> bool | Denied:
        """Places what the risk gate allows: whether that was anything, or why the breaker trips."""
        allowed: list[PlannedOrder] = []
        deferred: set[int] = set()
        funds = self._free_funds()
        for order in orders:
            known = explained or self._is_explained(order)
            verdict = self.execution.paused(order) or self.risk_manager.check(
                order, self._price, self.now, funds, known
            )
            if isinstance(verdict, Denied):
                return verdict
            if isinstance(verdict, Deferred):
                self._defer(order, verdict, reasons)
                deferred.add(order.slot)
                continue
            self.risk_manager.note_placed(self.now, known)
            self._placed[order.slot] = (order.cycle, order.side)
            funds = None if funds is None else funds - self._cost(order)
            allowed.append(order)
        self._deferred = deferred
        await self._explain(reasons)
        await self.execution.place(allowed)
        return bool(allowed)

    def _is_explained(self, order: PlannedOrder) -> bool:
        """The first order of a cycle's side follows from fills that came before, and a deferral that ended
        explains itself. What is left are orders in the place of others that ended without a fill."""
        return order.slot in self._deferred or self._placed.get(order.slot) != (order.cycle, order.side)

    def _defer(self, order: PlannedOrder, verdict: Deferred, reasons: dict[int, str]) -> None:
        reasons[order.slot] = f"{verdict.code}: {verdict.reason}"
        if verdict.price is not None:
            self.band.bound(verdict.price, self._price)
        if verdict.until is not None:
            self._wake(verdict.until)

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
            await self.execution.cancel(order, "stopped")
        if self.live or (self.stop_action == "sell" and self.price is None):
            self._wake(self.now + FILLS_LATE_MS)
            return False
        last = self.strategy.exit_order(self._data()) if self.stop_action == "sell" else None
        if last is not None:
            return await self._sell_out(last)
        await self._explain({})
        self.done = await self.execution.verify_gone(self.prefix)
        if self.done:
            await self.store.finished(self.stop_action)
        else:
            self._wake(self.now + FILLS_LATE_MS)
        return False

    async def _sell_out(self, last: PlannedOrder) -> bool:
        paused = self.execution.paused(last)
        if paused is None:
            await self.execution.place([last])
        else:
            await self._explain({last.slot: f"{paused.code}: {paused.reason}"})
        self._wake(self.now + FILLS_LATE_MS)
        return paused is None and EXIT_SLOT not in self.live

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
