"""The sums of one slot's current cycle. They depend on which fills happened, never on their order."""

from dataclasses import dataclass, replace
from decimal import Decimal

from bots.core.ledger import Effect
from bots.core.rounding import ceil_to, floor_to, round8
from bots.core.types import ZERO, Market, Side

PURCHASE_SLOT = -1  # the initial purchase; its cycle is the run
EXIT_SLOT = -2  # sells everything: stop loss, take profit, sell on stop
DCA_EXIT_SLOT = 1000


@dataclass(frozen=True, slots=True)
class SlotState:
    slot: int
    cycle: int = 0
    granted: Decimal = ZERO
    dust: Decimal = ZERO
    bought: Decimal = ZERO
    spent: Decimal = ZERO
    sold: Decimal = ZERO
    received: Decimal = ZERO
    cycles: int = 0
    profit: Decimal = ZERO

    @property
    def held(self) -> Decimal:
        """Base that belongs to this slot's cycle."""
        return self.granted + self.dust + self.bought - self.sold

    @property
    def untouched(self) -> bool:
        return not (self.granted or self.dust or self.bought or self.sold)


def at_cycle(state: SlotState, cycle: int) -> SlotState:
    """The state for work on `cycle`: fresh sums where the slot moves on to it."""
    if cycle <= state.cycle:
        return state
    return SlotState(state.slot, cycle, cycles=state.cycles, profit=state.profit)


def reserve_dust(state: SlotState, cycle: int, dust: Decimal) -> SlotState:
    """The state once a buy of `cycle` counts on `dust` that the bot already holds."""
    state = at_cycle(state, cycle)
    return replace(state, dust=state.dust + dust)


def add_fill(state: SlotState, side: Side, moved: Effect, cost_removed: Decimal) -> SlotState:
    """Adds one fill of the state's cycle. The exit slots count the cost their sales removed as spent."""
    if side is Side.BUY:
        return replace(
            state, bought=state.bought + moved.base, spent=state.spent - moved.quote + moved.expense
        )
    spent = state.spent + cost_removed if is_exit(state.slot) else state.spent
    return replace(
        state,
        sold=state.sold - moved.base,
        received=state.received + moved.quote - moved.expense,
        spent=spent,
    )


def is_exit(slot: int) -> bool:
    return slot in (EXIT_SLOT, DCA_EXIT_SLOT)


def tradable(quantity: Decimal, price: Decimal, market: Market) -> bool:
    """Whether the exchange takes an order of this size."""
    return quantity >= market.min_quantity and quantity * price >= market.min_notional and quantity > 0


def market_quantity(quantity: Decimal, market: Market) -> Decimal:
    """What one market order may take of this quantity, on its own lot: what is more needs another order."""
    most = market.market_max_quantity or market.max_quantity
    return floor_to(min(quantity, most) if most else quantity, market.market_lot or market.lot)


def smallest_order(price: Decimal, market: Market) -> Decimal:
    """The least quantity the exchange takes at this price, on the lot."""
    return ceil_to(max(market.min_quantity, market.min_notional / price, market.lot), market.lot)


def closed_after_sale(state: SlotState, price: Decimal, market: Market, remaining_base: Decimal) -> SlotState:
    """The state after a sell order has ended. The cycle closes where the rest cannot be sold any more; the rest
    is the bot's dust then. `remaining_base` is what an exit has left to sell: the whole position."""
    rest = remaining_base if is_exit(state.slot) else state.held
    if not state.sold or tradable(floor_to(rest, market.lot), price, market):
        return state
    return SlotState(
        state.slot, state.cycle + 1, cycles=state.cycles + 1, profit=state.profit + cycle_profit(state)
    )


def cycle_profit(state: SlotState) -> Decimal:
    """Quote the cycle earned, net of fees: what its sales brought, less what the base they sold had cost. A buy may
    bring a little more than is sold, or count on dust: both are valued at the price this cycle paid. Nothing for a
    cycle that began with the run's own purchase, whose profit is the ledger's alone."""
    if state.granted:
        return ZERO
    if not state.bought:
        return state.received - state.spent
    return state.received - round8(state.spent * state.sold / state.bought)
