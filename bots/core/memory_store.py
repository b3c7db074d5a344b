"""The database of one bot in memory, for backtests and tests: the same pure functions and rules as the real store."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from bots.core.ids import bot_prefix, client_id
from bots.core.ledger import Booking, Position, book, cost_removed, effect, fee_in_quote, fold
from bots.core.orders import Order, PlannedOrder, may_become
from bots.core.ports import Change
from bots.core.slots import SlotState, add_fill, at_cycle, closed_after_sale, reserve_dust
from bots.core.strategies.base import Beginning, Grants, Memory
from bots.core.types import ZERO, Fill, Market, OrderStatus, Side


class Broken(AssertionError):
    """The engine did what the real store's constraints forbid."""


class MemoryStore:
    """Implements `bots.core.ports.OrderStore`. `explained` and `minutes` keep what the engine told it."""

    def __init__(self, investment: Decimal, market: Market, bot_id: UUID) -> None:
        self.investment, self.market, self.bot_id = investment, market, bot_id
        self.prefix = bot_prefix(bot_id)
        self.orders: dict[str, Order] = {}
        self._live: dict[str, None] = {}  # the names of live orders, in order
        self._attempts: Counter[tuple[int, int, Side]] = Counter()
        self.bookings: dict[tuple[str, str], Booking] = {}
        self.position = Position(cash=investment)
        self.slots: dict[int, SlotState] = {}
        self.closed: list[SlotState] = []  # the sums of each cycle as it closed
        self.memory: Memory = {}
        self.run = 1
        self.reasons: dict[int, str] = {}
        self.stop: tuple[str, str, str] | None = None
        self.is_finished = False
        self.minutes: list[tuple[int, Decimal]] = []
        self.told: list[str] = []  # the kinds of events

    def live(self) -> list[Order]:
        return [self.orders[name] for name in self._live]

    def _keep(self, order: Order) -> None:
        self.orders[order.client_id] = order
        if order.status.is_live:
            self._live[order.client_id] = None
        else:
            self._live.pop(order.client_id, None)

    def new_run(self) -> None:
        self.run, self.memory, self.stop, self.is_finished = self.run + 1, {}, None, False

    async def intend(self, orders: Sequence[PlannedOrder]) -> list[Order]:
        return [self._intend(planned) for planned in orders]

    def _intend(self, planned: PlannedOrder) -> Order:
        taken = [order.slot for order in self.live()]
        if planned.slot in taken:
            raise Broken(f"a second live order in slot {planned.slot}")
        key = (planned.slot, planned.cycle, planned.side)
        attempt = self._attempts[key]
        self._attempts[key] += 1
        name = client_id(self.bot_id, *key, attempt)
        order = Order(
            id=name,
            client_id=name,
            slot=planned.slot,
            cycle=planned.cycle,
            attempt=attempt,
            side=planned.side,
            type=planned.type,
            price=planned.price,
            quantity=planned.quantity,
            status=OrderStatus.PENDING,
            post_only=planned.post_only,
        )
        if name in self.orders:
            raise Broken(f"a client id used twice: {name}")
        self._keep(order)
        if planned.dust:
            self.slots[planned.slot] = reserve_dust(self.slot(planned.slot), planned.cycle, planned.dust)
        return order

    async def mark_sent(self, order: Order, sent_at: int) -> Order | None:
        row = self.orders[order.client_id]
        if row.status is not OrderStatus.PENDING or row.sent_at is not None:
            return None
        self._keep(replace(row, sent_at=sent_at))
        return self.orders[row.client_id]

    async def record(
        self, order: Order, status: OrderStatus, exchange_id: str = "", reason: str = ""
    ) -> Change:
        row = self.orders[order.client_id]
        if may_become(row.status, status):
            row = replace(row, status=status, exchange_id=exchange_id or row.exchange_id, reason=reason)
            self._keep(row)
        return Change(row, self._settle_slot(row), self.position)

    async def give_up(self, orders: Sequence[Order]) -> list[Change]:
        return [await self.record(order, OrderStatus.ERROR, reason="never_sent") for order in orders]

    def slot(self, number: int) -> SlotState:
        return self.slots.get(number) or SlotState(number)

    def _settle_slot(self, order: Order) -> SlotState:
        state = before = self.slot(order.slot)
        ended = not order.status.is_live
        sold = order.side is Side.SELL and order.filled and state.cycle == order.cycle
        if ended and sold:
            price = order.price or self._average(order)
            state = closed_after_sale(state, price, self.market, self.position.base)
        if state is not before:
            self.closed.append(before)
        self.slots[order.slot] = state
        return state

    def _average(self, order: Order) -> Decimal:
        fills = [b.fill for b in self.bookings.values() if b.fill.client_id == order.client_id]
        return sum((fill.price * fill.quantity for fill in fills), ZERO) / order.filled

    async def ingest(self, fill: Fill) -> Change | None:
        row = self._order_of(fill)
        key = (fill.trade_id, fill.exchange_order_id)
        if row is None:
            return None
        if key in self.bookings:
            return Change(row, self.slot(row.slot), self.position, new=False)
        entry = Booking(replace(fill, client_id=row.client_id), fee_in_quote(fill, self.market))
        self.bookings[key] = entry
        before = self.position
        removed = cost_removed(before, fill.quantity) if fill.side is Side.SELL else ZERO
        if entry.key > before.last:
            self.position = book(before, entry, self.market)
        else:
            self.position = fold(self.investment, self.bookings.values(), self.market)
        row = replace(row, filled=row.filled + fill.quantity, exchange_id=fill.exchange_order_id)
        if row.filled >= row.quantity:
            row = replace(row, status=OrderStatus.FILLED)
        self._keep(row)
        state = self.slot(row.slot)
        if row.cycle >= state.cycle:
            moved = effect(entry, self.market)
            self.slots[row.slot] = add_fill(at_cycle(state, row.cycle), fill.side, moved, removed)
        return Change(row, self._settle_slot(row), self.position)

    def _order_of(self, fill: Fill) -> Order | None:
        if fill.client_id:
            return self.orders.get(fill.client_id)
        return next((o for o in self.orders.values() if o.exchange_id == fill.exchange_order_id), None)

    async def find(self, client_id: str) -> Order | None:
        return self.orders.get(client_id)

    async def known_ids(self, exchange_ids: Sequence[str]) -> set[str]:
        return {order.exchange_id for order in self.orders.values()} & set(exchange_ids)

    async def begin(self, beginning: Beginning) -> None:
        self.memory = dict(beginning.memory)
        self.slots.update({state.slot: state for state in beginning.slots})
        if beginning.text:
            self.told.append("grid_moved")

    async def grant(self, grants: Grants) -> dict[int, SlotState]:
        if self.memory.get("granted"):
            raise Broken("granted twice")
        for number, base in grants.base.items():
            self.slots[number] = replace(self.slot(number), granted=base)
        self.memory["granted"] = True
        return {number: self.slots[number] for number in grants.base}

    async def remember(self, memory: Memory) -> None:
        self.memory = dict(memory)

    async def explain(self, reasons: dict[int, str]) -> None:
        self.reasons.update(reasons)

    async def request_stop(self, reason: str, action: str, rule: str = "") -> None:
        self.stop = (reason, action, rule)

    async def finished(self, action: str) -> None:
        self.is_finished = True

    async def tell(self, kind: str, text: str, level: str = "info") -> None:
        self.told.append(kind)

    async def minute(self, time: int, equity: Decimal, realized: Decimal) -> None:
        self.minutes.append((time, equity))
