"""What a strategy is: it knows its slots and says which orders should be open now."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bots.core.ledger import Position
from bots.core.orders import Order, PlannedOrder
from bots.core.rounding import ceil_to, floor_to
from bots.core.slots import EXIT_SLOT, SlotState, market_quantity, tradable
from bots.core.types import Market, OrderType, Side

Memory = dict[str, Any]  # JSON: what a strategy must remember over a restart
REACH = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class MarketData:
    """What a strategy may know when it calculates its orders."""

    price: Decimal
    now: int
    market: Market
    position: Position


@dataclass(slots=True)
class Band:
    """The prices between which a strategy's orders stay what they are; None: no bound."""

    low: Decimal | None = None
    high: Decimal | None = None

    def bound_below(self, price: Decimal) -> None:
        self.low = price if self.low is None else max(self.low, price)

    def bound_above(self, price: Decimal) -> None:
        self.high = price if self.high is None else min(self.high, price)

    def bound(self, price: Decimal, current: Decimal) -> None:
        """Wake when the market comes to `price` from where it is now; at any move where it is there already."""
        if price >= current:
            self.bound_above(price)
        if price <= current:
            self.bound_below(price)

    def holds(self, price: Decimal) -> bool:
        return (self.low is None or price > self.low) and (self.high is None or price < self.high)


@dataclass(slots=True)
class RunState:
    """What the store remembers for a strategy."""

    run: int
    slots: dict[int, SlotState] = field(default_factory=dict)
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a run begins, or goes on after a move of its levels: its memory, and the slots that start anew (a later
    cycle, so that sums and attempts from before are never mixed with it). `text` tells of a move."""

    memory: Memory
    slots: tuple[SlotState, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Grants:
    """Slots that the initial purchase has funded, with what each got."""

    base: Mapping[int, Decimal]


def within_reach(side: Side, price: Decimal, market_price: Decimal, tick: Decimal) -> Decimal:
    """The limit price of an order that may trade at once: after a jump of the market no further through it than
    REACH, which is a better limit and keeps the order clear of the breaker. Resting prices stay as they are."""
    if side is Side.BUY:
        return min(price, ceil_to(market_price * (1 + REACH), tick))
    return max(price, floor_to(market_price * (1 - REACH), tick))


class BaseStrategy(ABC):
    """Pure: all it knows comes from its config, `state` and the market data of the call.

    After `calculate_orders`, `reasons` says for each slot without an order why there is none, `band` between which
    prices nothing changes, and `wake_at` (ms) when it wants to be asked again at the latest.
    """

    bounded_by_cash = True  # whether an order may spend no more than the bot's cash

    def __init__(self, state: RunState) -> None:
        self.state = state
        self.reasons: dict[int, str] = {}
        self.band = Band()
        self.wake_at: int | None = None
        self.stop_reason = ""
        self.stop_sells = False

    @abstractmethod
    def calculate_orders(self, market_data: MarketData) -> list[PlannedOrder]:
        """The orders that should be open now."""

    @abstractmethod
    def begin(self, market_data: MarketData) -> Beginning | None:
        """How the run begins, None where it has begun already or must still wait."""

    def move(self, market_data: MarketData, live: Collection[int]) -> Beginning | None:
        """How the run goes on where its levels follow the price; None where nothing moves. `live`: slots that have a
        live order, and stay where they are."""
        return None

    def grants(self, market_data: MarketData) -> Grants | None:
        """What the initial purchase gives to which slots, once, when it has ended."""
        return None

    def on_order_filled(self, order: Order) -> None:
        """Called after a fill of `order` was booked and `state` holds the new sums."""
        return

    def should_stop(self) -> bool:
        """True when the last calculation found that the bot has to end; `stop_reason` says why."""
        return bool(self.stop_reason)

    def slot(self, number: int) -> SlotState:
        return self.state.slots.get(number) or SlotState(number)

    def exit_order(self, market_data: MarketData) -> PlannedOrder | None:
        """Sells at the market all that can be sold; None where nothing can."""
        return self.sell_all(EXIT_SLOT, self.slot(EXIT_SLOT).cycle, market_data)

    def sell_all(self, slot: int, cycle: int, market_data: MarketData) -> PlannedOrder | None:
        market = market_data.market
        quantity = market_quantity(market_data.position.base, market)
        if not tradable(quantity, market_data.price, market):
            return None
        return PlannedOrder(slot, cycle, Side.SELL, OrderType.MARKET, None, quantity)
