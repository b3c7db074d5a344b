"""Compares the orders that should be open with those that are. Applied twice it yields nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bots.core.orders import Order, PlannedOrder
from bots.core.types import OrderStatus


@dataclass(frozen=True, slots=True)
class Plan:
    place: tuple[PlannedOrder, ...]
    cancel: tuple[Order, ...]

    def __bool__(self) -> bool:
        return bool(self.place or self.cancel)


def serves(order: Order, wanted: PlannedOrder) -> bool:
    """Whether the live order is the wanted one. Quantities are not compared unless it asks for it: what a part
    filled already is the slot's business, and an order on its way must not be replaced for a rounding."""
    same = (order.cycle, order.side, order.type, order.price) == (
        wanted.cycle,
        wanted.side,
        wanted.type,
        wanted.price,
    )
    return same and (not wanted.resize or order.remaining == wanted.quantity)


def make_plan(wanted: Iterable[PlannedOrder], live: Mapping[int, Order]) -> Plan:
    """A slot has at most one live order: a replacement is placed only after the old one is gone. What is unknown
    or on its way is left alone until it is known."""
    by_slot = {order.slot: order for order in wanted}
    place = tuple(order for slot, order in by_slot.items() if slot not in live)
    cancel = tuple(
        order
        for slot, order in live.items()
        if order.status is OrderStatus.OPEN and not (slot in by_slot and serves(order, by_slot[slot]))
    )
    return Plan(place, cancel)
