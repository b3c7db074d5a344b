"""The engine of one bot: compares what should be with what is, and acts through its ports.

Live, paper, simulator and exact backtest run this same engine; only what stands behind the ports differs.
Its caller hands it one event at a time.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from bots.core.execution import Execution
from bots.core.late_fills import FILLS_LATE_MS
from bots.core.ledger import PositionManager
from bots.core.orders import Order, PlannedOrder
from bots.core.placement import Placement
from bots.core.plan import make_plan
from bots.core.ports import ExchangeConnector, OrderStore
from bots.core.risk import RiskManager
from bots.core.sending import MINUTE, RETRY_MS
from bots.core.settlement import UNREACHABLE, Parts
from bots.core.slots import EXIT_SLOT, PURCHASE_SLOT
from bots.core.strategies.base import Band, BaseStrategy, Beginning, MarketData, Memory
from bots.core.types import ZERO, Fill, Market, OrderReport, OrderStatus

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
        self.execution = Execution(Parts(strategy, exchange, position_manager, risk_manager, store, market))
        self.placement = Placement(self.execution)
        self.mode = "running"
        self.stop_action = "keep"
        self.price: Decimal | None = None
        self.band = Band()
        self.done = False
        self._alarm: int | None = None
        self._remembered: Memory = dict(strategy.state.memory)
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
        await self._close_minute()
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
        self.risk_manager.priced_at = now
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
        if (order := self.execution.find(report.client_id)) is None:
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
        """Books a fill of one of our orders, once. True when it was new, to the books or to this engine."""
        return await self.execution.ingest(fill)

    async def record(
        self, order: Order, status: OrderStatus, exchange_id: str = "", reason: str = ""
    ) -> None:
        """What became of an order that is not live any more."""
        self.execution.apply(await self.store.record(order, status, exchange_id, reason))
        self._wake(self.now)

    async def forget(self, order: Order, reason: str) -> None:
        """The order never came to the exchange: its slot may try again under a new client id."""
        await self.execution.forget(order, reason)
        self._wake(self.now)

    async def give_up(self, orders: Sequence[Order]) -> None:
        """None of these orders was sent: their slots may try again under new client ids."""
        if orders:
            await self.execution.give_up(orders)
            self._wake(self.now)

    # Compare and act

    async def act(self, explained: bool) -> None:
        """Brings the exchange to what should be. Calling it again changes nothing. `explained` says that not
        fills but a start, a timer or a deferral's end cause these orders."""
        self._alarm = None
        try:
            for _ in range(ROUNDS):
                if self.done or not await self._step(explained):
                    return
        except UNREACHABLE:
            self._wake(self.now + RETRY_MS)  # what is half done goes on by itself
            raise
        self._wake(self.now)

    async def _step(self, explained: bool) -> bool:
        """One round; true when another may find more to do."""
        if self.mode == "stopping":
            return await self._wind_down()
        if self.mode == "paused" or self.price is None:
            return False
        data = self._data()
        explained = await self._begin(data) or explained  # where levels have moved, the price causes it
        wanted = self.strategy.calculate_orders(data)
        await self._remember()
        self.band = self.strategy.band
        if self.strategy.should_stop() and not self.risk_manager.halt:
            return await self._stop_itself(self.strategy.stop_reason, self.strategy.stop_sells)
        return await self._carry_out(wanted, explained)

    async def _begin(self, data: MarketData) -> bool:
        if (beginning := self.strategy.begin(data)) is not None:
            await self._take_up(beginning)
        # What the purchase still buys would miss its slots: they are granted when it has ended.
        grants = self.strategy.grants(data) if PURCHASE_SLOT not in self.live else None
        if grants is not None:
            self.strategy.state.slots.update(await self.store.grant(grants))
            self.strategy.state.memory["granted"] = self._remembered["granted"] = True
        moved = False
        while not self.risk_manager.halt and (move := self.strategy.move(data, self.live)) is not None:
            await self._take_up(move)
            moved = True
        return moved

    async def _take_up(self, beginning: Beginning) -> None:
        """No order follows from what is not written down."""
        await self.store.begin(beginning)
        state, memory = self.strategy.state, beginning.memory
        state.memory, self._remembered = dict(memory), dict(memory)
        state.slots.update({slot.slot: slot for slot in beginning.slots})

    async def _remember(self) -> None:
        if (memory := self.strategy.state.memory) != self._remembered:
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
        placed = await self.placement.place(
            plan.place, dict(self.strategy.reasons), explained=explained, price=self._price, band=self.band
        )
        if placed.denied is not None:
            return await self._stop_itself(placed.denied.reason, rule=placed.denied.rule)
        if placed.wake_at is not None:
            self._wake(placed.wake_at)
        # What waits for the next slice lets other events in first; of the rest another round may find more.
        return placed.some and (placed.wake_at is None or placed.wake_at > self.now)

    async def _wind_down(self) -> bool:
        """Cancels all, sells what the action says, and checks at the exchange that nothing is left."""
        for order in [order for order in self.live.values() if order.status is OrderStatus.OPEN]:
            await self.execution.cancel(order, "stopped")
        if self.live or (self.stop_action == "sell" and self.price is None):
            self._wake(self.now + FILLS_LATE_MS)
            return False
        if self.stop_action == "sell" and (last := self.strategy.exit_order(self._data())) is not None:
            return await self._sell_out(last)
        await self.placement.explain({})
        self.done = await self.execution.verify_gone(self.prefix)
        if self.done:
            await self.store.finished(self.stop_action)
        else:
            self._wake(self.now + FILLS_LATE_MS)
        return False

    async def _sell_out(self, last: PlannedOrder) -> bool:
        paused = self.execution.paused(last) or self.risk_manager.stale(last, self._price, self.now)
        if paused is None:
            await self.execution.place([last])
        else:
            await self.placement.explain({last.slot: f"{paused.code}: {paused.reason}"})
        self._wake(self.now + FILLS_LATE_MS)
        return paused is None and EXIT_SLOT not in self.live

    async def _close_minute(self) -> None:
        """At each minute's close: the equity snapshot and the loss of the last hour."""
        minute = self.now // MINUTE
        if self.price is None or minute == self._minute:
            return
        first, self._minute = self._minute == 0, minute
        position, last = self.position_manager.position, self.risk_manager.last_close
        equity = position.equity(self.price)
        # A process that ended before the close left it to the next one; a run that begins has nothing to judge yet.
        if first and not 0 < last < minute * MINUTE:
            if not last:
                self.risk_manager.observe(self.now, equity)
            return
        await self.store.minute(minute * MINUTE, equity, position.realized)
        verdict = self.risk_manager.minute_close(minute * MINUTE, equity, position.cost)
        if verdict is not None and self.mode != "stopping":
            await self._stop_itself(verdict.reason, rule=verdict.rule)
            await self.act(explained=True)

    @property
    def _price(self) -> Decimal:
        return self.price if self.price is not None else ZERO

    def _data(self) -> MarketData:
        return MarketData(self._price, self.now, self.market, self.position_manager.position)

    def _wake(self, at: int) -> None:
        self._alarm = at if self._alarm is None else min(self._alarm, at)
