"""What a step of the window changes: the run's memory, and the slots that go from one end to the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile

from bots.core.rounding import as_price, floor_to
from bots.core.slots import SlotState, at_cycle, tradable
from bots.core.strategies.base import Beginning, Memory
from bots.core.strategies.grid_sizes import Sizes
from bots.core.strategies.grid_window import DOWN, NAMES, UP, Window
from bots.core.types import Market


def to_sell(slot: SlotState, quantity: Decimal, market: Market) -> Decimal:
    """What a slot that trades `quantity` may still sell in its cycle, on the lot."""
    return floor_to(min(slot.held, quantity - slot.sold), market.lot)


@dataclass(frozen=True, slots=True)
class Moves:
    window: Window
    sizes: Sizes

    def leaving(self, slots: Iterable[SlotState], memory: Memory, steps: int) -> list[int]:
        """Of the slots that the next steps ask for, those that can go, up to the first that cannot."""
        can_go = takewhile(lambda slot: steps > 0 or not self._is_stuck(slot, memory), slots)
        return [slot.slot for slot in can_go]

    def _is_stuck(self, slot: SlotState, memory: Memory) -> bool:
        """Whether it holds what can be sold where it is, and is too little to be sold a whole window lower."""
        window = self.window
        upper = window.place(slot.slot, memory.get("shift", 0)) + 1
        rest = self._rest(slot, memory)
        here, there = window.ladder[upper], window.ladder[upper - window.count]
        return tradable(rest, here, window.market) and not tradable(rest, there, window.market)

    def end(self, memory: Memory, way: int) -> Beginning | None:
        """Says once that the window goes no further."""
        shift = memory.get("shift", 0)
        if memory.get("ended") == [shift, way]:
            return None
        why = self.window.obstacle(shift, way) or "what a slot holds is too little to be sold there"
        text = f"The grid stays at {self.window.span(shift)}: it cannot move {NAMES[way]} any further, {why}."
        return Beginning({**memory, "ended": [shift, way]}, text=text)

    def move(self, memory: Memory, steps: int, slots: Iterable[SlotState]) -> Beginning:
        """`slots` are those that so many steps (up above 0, down below) take along. What can be sold at its new place
        is sold there, in the same cycle. What is too little becomes dust, and the slot begins anew."""
        new, renewed = memory.get("shift", 0) + steps, list[SlotState]()
        carried, budgets = dict(memory.get("carried", {})), dict(memory.get("budgets", {}))
        for slot in slots:
            rest = self._rest(slot, memory)
            upper = self.window.ladder[self.window.place(slot.slot, new) + 1]
            carried.pop(str(slot.slot), None)
            if not tradable(rest, upper, self.window.market):
                renewed.append(at_cycle(slot, slot.cycle + 1))
                continue
            carried[str(slot.slot)] = [slot.cycle, str(rest + slot.sold)]
            if slot.granted:
                budgets[str(slot.slot)] = str(self._left_of(slot, memory, rest * upper))
        changed = {**memory, "shift": new, "carried": carried, "budgets": budgets}
        return Beginning(changed, tuple(renewed), self._words(steps, new))

    def _rest(self, slot: SlotState, memory: Memory) -> Decimal:
        quantity = self.sizes.quantity(slot, self.window.place(slot.slot, memory.get("shift", 0)), memory)
        return to_sell(slot, quantity, self.window.market)

    def _left_of(self, slot: SlotState, memory: Memory, worth: Decimal) -> Decimal:
        """The slot's money once it has sold what the purchase gave it, which no profit of a cycle tells."""
        brings = slot.received + worth * (1 - self.window.market.maker_fee)
        return min(self.sizes.own(slot.slot, memory), brings)

    def _words(self, steps: int, shift: int) -> str:
        count = "one step" if abs(steps) == 1 else f"{abs(steps)} steps"
        return f"The grid moved {NAMES[UP if steps > 0 else DOWN]} {count}: it is at {self.window.span(shift)} now."


def why_waiting(window: Window, shift: int, way: int) -> str:
    """Why a slot that is about to move has no order."""
    beyond = as_price(window.threshold(shift, way))
    return f"moving: the price is at or beyond {beyond}, the slot goes to the other end of the grid"
