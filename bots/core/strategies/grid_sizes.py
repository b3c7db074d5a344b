"""How much a slot trades in a cycle where a grid trails or reinvests: what its own money pays for at its level.

A slot's money is what the run's quantity cost at the level where it began, and what its closed cycles have changed of
that. So all waiting slots together never count on more than the bot has.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from bots.core.rounding import floor_to
from bots.core.slots import SlotState
from bots.core.strategies.base import Memory
from bots.core.strategies.grid_funding import buy_quantity, kept
from bots.core.strategies.grid_levels import Ladder
from bots.core.types import ZERO, Market


def cost_of_buy(quantity: Decimal, price: Decimal, market: Market) -> Decimal:
    """Quote that a resting buy takes so that this quantity is left after its fee."""
    return _cost(buy_quantity(quantity, market, market.maker_fee), price, market)


def _cost(asked: Decimal, price: Decimal, market: Market) -> Decimal:
    return asked * price if market.fee_in_base_on_buy else asked * price * (1 + market.maker_fee)


def affordable(budget: Decimal, price: Decimal, market: Market) -> Decimal:
    """The largest quantity, on the lot, whose buy at `price` takes at most `budget`, fees included."""
    asked = floor_to(max(ZERO, budget) / _cost(Decimal(1), price, market), market.lot)
    if _cost(asked + market.lot, price, market) <= budget:  # the division may have lost the last digit
        asked += market.lot
    if market.max_quantity:
        asked = min(asked, floor_to(market.max_quantity, market.lot))
    return floor_to(asked * kept(market, market.maker_fee), market.lot)


@dataclass(slots=True)
class Sizes:
    """Reads the run's memory: `quantity`; `profits`, what the slots had earned before the run; `budgets`, of slots that
    took what the initial purchase had brought to a lower level; `carried`, the quantity of a cycle that has moved."""

    ladder: Ladder
    market: Market
    reinvest: bool
    _known: dict[int, tuple[Memory, SlotState, Decimal]] = field(default_factory=dict)

    def quantity(self, slot: SlotState, place: int, memory: Memory) -> Decimal:
        """What the slot trades in its current cycle, which does not change while it lasts: restarts find the same."""
        known = self._known.get(slot.slot)
        if known is None or known[0] is not memory or known[1] != slot:
            known = self._known[slot.slot] = memory, slot, self._quantity(slot, place, memory)
        return known[2]

    def _quantity(self, slot: SlotState, place: int, memory: Memory) -> Decimal:
        cycle, quantity = memory.get("carried", {}).get(str(slot.slot), (None, ""))
        if cycle == slot.cycle:
            return Decimal(quantity)
        budget = self.own(slot.slot, memory) + self._change(slot, place, memory)
        return affordable(budget, self.ladder[place], self.market)

    def own(self, number: int, memory: Memory) -> Decimal:
        """Quote the slot had, or will have when it has sold what the purchase gave it."""
        budget = memory.get("budgets", {}).get(str(number))
        if budget is not None:
            return Decimal(budget)
        return cost_of_buy(Decimal(memory["quantity"]), self.ladder[number], self.market)

    def _change(self, slot: SlotState, place: int, memory: Memory) -> Decimal:
        """What this run's cycles changed. A loss counts always; a profit where it is reinvested, less the worth of a
        lot: rounding leaves up to that much in base, which the profit counts as if it were cash."""
        earned = slot.profit - Decimal(memory.get("profits", {}).get(str(slot.slot), 0))
        if earned <= 0 or not self.reinvest:
            return min(earned, ZERO)
        return max(ZERO, earned - self.ladder[place + 1] * self.market.lot)
