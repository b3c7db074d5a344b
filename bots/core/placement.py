"""From what a strategy wants to what goes out: the risk gate, and per slot the reason why there is no order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from bots.core.execution import Execution
from bots.core.orders import Order, PlannedOrder
from bots.core.risk import Deferred, Denied, Verdict
from bots.core.strategies.base import Band
from bots.core.types import ZERO, OrderType, Side

NEXT_SLICE = Deferred("pacing", "orders are placed at the pace the limits allow")


@dataclass(slots=True)
class Placed:
    """`some`: orders went out. `wake_at`: when what was put off is due (ms). `denied`: why the breaker trips."""

    some: bool = False
    wake_at: int | None = None
    denied: Denied | None = None

    def put_off(self, verdict: Deferred, now: int) -> None:
        at = now if verdict is NEXT_SLICE else verdict.until
        if at is not None:
            self.wake_at = at if self.wake_at is None else min(self.wake_at, at)


class Placement:
    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self._reasons: dict[int, str] = {}
        self._last: dict[int, tuple[int, Side]] = {}  # slot: cycle and side of the last order placed
        self._put_off: dict[int, bool] = {}  # slot: whether its order counts as explained when it goes out

    async def place(
        self,
        orders: Iterable[PlannedOrder],
        reasons: dict[int, str],
        *,
        explained: bool,
        price: Decimal,
        band: Band,
    ) -> Placed:
        """Sends the next slice of what the gate allows; the rest has its reason, and its time or its price."""
        outcome, allowed = Placed(), list[PlannedOrder]()
        put_off: dict[int, bool] = {}
        risk, now, used = self.execution.risk_manager, self.execution.now, dict[int, int | None]()
        funds = self._free_funds(price)
        for order in orders:
            known = explained or self._is_explained(order)
            verdict = self._check(order, price, funds, known, len(allowed))
            if isinstance(verdict, Denied):
                return Placed(denied=verdict)
            if isinstance(verdict, Deferred):
                put_off[order.slot] = known or verdict is not NEXT_SLICE
                reasons[order.slot] = f"{verdict.code}: {verdict.reason}"
                if verdict.price is not None:
                    band.bound(verdict.price, price)
                outcome.put_off(verdict, self.execution.now)
                continue
            used[order.slot] = risk.note_placed(now, known)
            self._last[order.slot] = (order.cycle, order.side)
            funds = None if funds is None else funds - cost(order, price)
            allowed.append(replace(order, explained=known))
        self._put_off = put_off
        await self.explain(reasons)
        unsent = await self.execution.place(allowed)
        for order in (order for order in allowed if order.slot in unsent):
            risk.note_unsent(now, order.explained, used[order.slot])
            put_off[order.slot] = order.explained
        outcome.some = bool(allowed)
        return outcome

    def _check(
        self, order: PlannedOrder, price: Decimal, funds: Decimal | None, known: bool, taken: int
    ) -> Verdict:
        execution = self.execution
        if paused := execution.paused(order):
            return paused
        if taken >= execution.sending.size:
            return NEXT_SLICE
        return execution.risk_manager.check(order, price, execution.now, funds, known)

    def _is_explained(self, order: PlannedOrder) -> bool:
        """The first order of a cycle's side follows from fills that came before, and a deferral that ended
        explains itself. What is left are orders in the place of others that ended without a fill."""
        first = self._last.get(order.slot) != (order.cycle, order.side)
        return self._put_off.get(order.slot, first)

    async def explain(self, reasons: dict[int, str]) -> None:
        """Keeps what has changed of the reasons."""
        changed = {
            slot: reasons.get(slot, "")
            for slot in reasons.keys() | self._reasons.keys()
            if reasons.get(slot, "") != self._reasons.get(slot, "")
        }
        if changed:
            self._reasons = reasons
            await self.execution.store.explain(changed)

    def _free_funds(self, price: Decimal) -> Decimal | None:
        """Quote of the bot that no live order has spoken for; None where cash does not bound it."""
        execution = self.execution
        if not execution.strategy.bounded_by_cash:
            return None
        committed = sum((cost(order, price) for order in execution.live.values()), ZERO)
        return execution.position_manager.position.cash - committed


def cost(order: PlannedOrder | Order, price: Decimal) -> Decimal:
    """Quote that an order commits."""
    if order.side is Side.SELL:
        return ZERO
    quantity = order.remaining if isinstance(order, Order) else order.quantity
    return quantity * (price if order.type is OrderType.MARKET else order.price or price)
