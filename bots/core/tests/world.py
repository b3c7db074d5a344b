"""A bot, its database and its exchange, in memory and in one thread: what the runtime does around the engine."""

from collections.abc import Coroutine
from copy import deepcopy
from decimal import Decimal
from typing import Any, TypeVar, cast
from uuid import UUID

from bots.core.engine import BotEngine
from bots.core.ledger import PositionManager, fold
from bots.core.memory_store import MemoryStore
from bots.core.orders import Order
from bots.core.reconcile import reconcile
from bots.core.risk import RiskLimits, RiskManager
from bots.core.rounding import floor_to
from bots.core.strategies.base import BaseStrategy, RunState
from bots.core.strategies.dca import DCAConfig, DCAStrategy
from bots.core.strategies.grid import GridConfig, GridStrategy
from bots.core.tests.fake_exchange import Crash, FakeExchange
from bots.core.types import ZERO, Fill, Market, OrderStatus, Side

BOT = UUID("11111111-2222-4333-8444-555555555555")
T = TypeVar("T")

BTC = Market(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal(9000),
    min_notional=Decimal(5),
)
UNPACED = RiskLimits(max_orders_per_minute=100_000, max_loss_per_hour=Decimal(100))


def run(work: Coroutine[Any, Any, T]) -> T:
    """The fakes never wait, so neither does a coroutine over them."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("a fake waited")


class World:
    """`step`s of the market reach the engine as they would: price first, then its account's stream."""

    def __init__(
        self,
        config: GridConfig | DCAConfig,
        market: Market = BTC,
        price: Decimal = Decimal(100),
        quote: Decimal | None = None,
        limits: RiskLimits = UNPACED,
    ) -> None:
        self.config, self.market, self.limits = config, market, limits
        self.exchange = FakeExchange(market, config.investment if quote is None else quote, price)
        self.opening = dict(self.exchange.owned)
        self.store = MemoryStore(config.investment, market, BOT)
        self.mode, self.action = "running", "keep"
        self.engine = self.build()

    def build(self) -> BotEngine:
        """A new process: all it knows comes from the store."""
        store = self.store
        state = RunState(store.run, dict(store.slots), deepcopy(store.memory))
        strategy: BaseStrategy
        if isinstance(self.config, GridConfig):
            strategy = GridStrategy(self.config, self.market, state)
        else:
            strategy = DCAStrategy(self.config, self.market, state)
        risk = RiskManager(self.limits, store.investment)
        risk.remember(list(store.minutes))
        manager = PositionManager(store.investment, store.position)
        engine = BotEngine(
            strategy=strategy,
            exchange=self.exchange,
            position_manager=manager,
            risk_manager=risk,
            store=store,
            market=self.market,
            prefix=store.prefix,
        )
        engine.adopt(store.live())
        engine.mode, engine.stop_action = self.mode, self.action
        return engine

    # What the runtime does

    def restart(self) -> None:
        """The process died; another one takes over by the store and the exchange alone."""
        if self.store.stop:
            self.mode, self.action = "stopping", self.store.stop[1]
        self.engine = self.build()
        self.exchange.events.clear()
        self.recover()

    def recover(self) -> None:
        engine = self.engine
        engine.price, engine.now = self.exchange.price, self.exchange.now
        reports = run(self.exchange.open_orders(self.market.symbol))
        verdict = reconcile(list(engine.live.values()), reports, engine.prefix)
        run(engine.give_up(verdict.never_sent))
        for order, report in verdict.confirmed:
            run(engine.settle(order, report))
        for order in verdict.ask:
            self._ask(order)
        for report in verdict.strays:
            run(self.exchange.cancel_order(self.market.symbol, report.client_id))
        for fill in self.exchange.history:
            run(engine.ingest(fill))
        run(engine.act(explained=True))

    def _ask(self, order: Order) -> None:
        report = run(self.exchange.fetch_order(self.market.symbol, order.client_id))
        if report is not None:
            run(self.engine.settle(order, report))
        elif order.is_unknown:
            run(self.engine.forget(order, "absent"))

    def resolve(self) -> None:
        """Finds out what became of the unknown orders, and of those sent in their place."""
        while unknown := [order for order in self.engine.live.values() if order.is_unknown]:
            for order in unknown:
                self._ask(order)
            run(self.engine.on_timer(self.exchange.now))
            self.settle()

    def start(self) -> "World":
        self.settle(run(self.engine.start(self.exchange.price, self.exchange.now)))
        return self

    def stop(self, action: str = "keep") -> None:
        self.mode, self.action = "stopping", action
        self.settle(run(self.engine.stop(action)))

    def settle(self, _: None = None) -> None:
        """Hands over all the account's stream has, and lets the engine send slice by slice, until nothing is left
        to say."""
        while self.exchange.events or self._is_due():
            if self.exchange.events:
                event = self.exchange.events.pop(0)
                run(self.engine.on_fill(event) if isinstance(event, Fill) else self.engine.on_order(event))
            else:
                run(self.engine.on_timer(self.exchange.now))

    def _is_due(self) -> bool:
        return self.engine.wake_at is not None and self.engine.wake_at <= self.engine.now

    def tick(self, price: Decimal | int | str, ms: int = 1000) -> None:
        self.exchange.now += ms
        self.exchange.move(Decimal(price))
        run(self.engine.on_tick(self.exchange.price, self.exchange.now))
        run(self.engine.on_timer(self.exchange.now))
        self.settle()

    def wait(self, ms: int) -> None:
        self.tick(self.exchange.price, ms)

    def new_run(self) -> None:
        """The user starts the stopped bot again."""
        self.store.new_run()
        self.mode, self.action = "running", "keep"
        self.engine = self.build()
        self.start()

    # What must always hold

    def open(self) -> dict[int, tuple[Side, Decimal | None, Decimal, int]]:
        """slot: side, price, open quantity, cycle of the orders the exchange has open."""
        named = {order.client_id: order for order in self.store.orders.values()}
        found = {}
        for placed in self.exchange.placed.values():
            if placed.report.status is OrderStatus.OPEN:
                order = named[placed.request.client_id]
                assert order.slot not in found, "two open orders in one slot"
                left = placed.request.quantity - placed.report.filled
                found[order.slot] = (order.side, order.price, left, order.cycle)
        return found

    def fork(self) -> "World":
        return deepcopy(self)

    def check(self) -> None:
        """The ledger is the account's, and the money is never promised twice."""
        owned, position = self.exchange.owned, self.store.position
        assert position == fold(self.store.investment, self.store.bookings.values(), self.market)
        assert position.base == owned[self.market.base] - self.opening[self.market.base]
        assert (
            position.cash
            == owned[self.market.quote] - self.opening[self.market.quote] + self.store.investment
        )
        assert position.cash + position.cost == self.store.investment + position.realized
        assert self.engine.position_manager.position == position
        assert self.engine.strategy.state.slots.items() >= self.store.slots.items()
        live = {order.slot: order for order in self.store.live()}
        assert self.engine.live == live
        assert {number: order.filled for number, order in live.items() if order.sent_at} == {
            number: self.exchange.placed[order.client_id].report.filled
            for number, order in live.items()
            if order.sent_at
        }

    def check_stable(self) -> None:
        """Acting again sends nothing."""
        before, count = self.open(), len(self.exchange.sent)
        run(self.engine.act(explained=True))
        assert self.open() == before, "acting again changed an order"
        assert not self.exchange.sent[count:], "acting again sent something"

    def free_dust(self) -> Decimal:
        strategy = self.engine.strategy
        assert isinstance(strategy, GridStrategy)
        return strategy.free_dust(self.store.position.base)


def lots(quantity: Decimal, market: Market) -> Decimal:
    return floor_to(quantity, market.lot)


__all__ = ["BOT", "BTC", "UNPACED", "ZERO", "Crash", "World", "lots", "run"]
