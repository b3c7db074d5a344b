"""The grid: n slots, each buys at its lower level and sells at its upper one, over and over."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile
from typing import Any

from bots.core.orders import PlannedOrder
from bots.core.rounding import EIGHT, as_price, floor_to
from bots.core.slots import PURCHASE_SLOT, SlotState, at_cycle, market_quantity, smallest_order, tradable
from bots.core.strategies.base import BaseStrategy, Beginning, Grants, MarketData, RunState, within_reach
from bots.core.strategies.grid_funding import buy_quantity, fund, kept, purchase_quantity
from bots.core.strategies.grid_moves import Moves, why_waiting
from bots.core.strategies.grid_sizes import Sizes
from bots.core.strategies.grid_window import Window
from bots.core.types import ZERO, Market, OrderType, Side


@dataclass(frozen=True, slots=True)
class GridConfig:
    lower_price: Decimal
    upper_price: Decimal
    grid_count: int
    investment: Decimal
    spacing: str = "arithmetic"
    trigger_price: Decimal | None = None
    stop_loss_price: Decimal | None = None
    take_profit_price: Decimal | None = None
    on_stop: str = "keep"
    post_only: bool = True
    trailing_up: bool = False
    trailing_down: bool = False
    trailing_up_limit: Decimal | None = None  # how high the upper level may come
    trailing_down_limit: Decimal | None = None  # how low the lower level may come
    reinvest: bool = False

    @property
    def adapts(self) -> bool:
        """Whether slots may trade another quantity, or at other levels, than at the begin of the run."""
        return self.trailing_up or self.trailing_down or self.reinvest


class GridStrategy(BaseStrategy):
    """Memory of a run: `quantity`, `holding`, `purchase`, `entry_price`, and `granted` once the purchase ended. Of one
    that trails or reinvests also `shift` (grid_window), `ended` (where it was said that the window goes no further),
    and what `grid_sizes` reads."""

    def __init__(self, config: GridConfig, market: Market, state: RunState) -> None:
        super().__init__(state)
        self.config = config
        self.window = Window(config, market)
        self.ladder = self.window.ladder
        self.sizes = Sizes(self.ladder, market, config.reinvest)
        self.moves = Moves(self.window, self.sizes)
        self._known: dict[int, tuple[Any, PlannedOrder]] = {}  # by slot: an order, and what it follows from

    @property
    def begun(self) -> bool:
        return self.state.memory.get("run") == self.state.run

    @property
    def shift(self) -> int:
        return int(self.state.memory.get("shift", 0))

    def lower(self, number: int) -> Decimal:
        return self.ladder[self.window.place(number, self.shift)]

    def upper(self, number: int) -> Decimal:
        return self.ladder[self.window.place(number, self.shift) + 1]

    def begin(self, market_data: MarketData) -> Beginning | None:
        if self.begun or not self._triggered(market_data):
            return None
        position = market_data.position
        levels = [self.ladder[number] for number in range(self.config.grid_count + 1)]
        funding = fund(levels, market_data.price, position.cash, max(ZERO, position.base), market_data.market)
        if funding is None:
            self.stop_reason = "The investment no longer pays for one lot in every slot."
            return None
        memory = {
            "run": self.state.run,
            "quantity": str(funding.quantity),
            "holding": list(funding.holding),
            "purchase": str(funding.purchase),
            "entry_price": str(market_data.price),
            "granted": not funding.holding,
        }
        if self.config.adapts:
            memory["profits"] = {str(number): str(self.slot(number).profit) for number in self._earned()}
        touched = [slot for slot in self.state.slots.values() if slot.slot >= 0 and not slot.untouched]
        return Beginning(memory, tuple(at_cycle(slot, slot.cycle + 1) for slot in touched))

    def _earned(self) -> list[int]:
        return [number for number in range(self.config.grid_count) if self.slot(number).profit]

    def move(self, market_data: MarketData, live: Collection[int]) -> Beginning | None:
        price, memory = market_data.price, self.state.memory
        steps, moving = self._moving(price)
        if steps:
            free = list(takewhile(lambda number: number not in live, moving))
            taken = len(free) if steps > 0 else -len(free)
            return self.moves.move(memory, taken, map(self.slot, free)) if free else None
        way = self.window.calls(price, self.shift) if self._may_move else 0
        return self.moves.end(memory, way) if way else None

    @property
    def _may_move(self) -> bool:
        return self.begun and bool(self.state.memory["granted"])

    def _moving(self, price: Decimal) -> tuple[int, list[int]]:
        """The steps the window is to move (up above 0, down below), and the slots that go to its other end."""
        steps = self.window.steps(price, self.shift) if self._may_move else 0
        moving = self.moves.leaving(
            map(self.slot, self.window.moving(self.shift, steps)), self.state.memory, steps
        )
        return (len(moving) if steps > 0 else -len(moving)), moving

    def _hold_back(self, price: Decimal) -> list[int]:
        """The slots that are to move have no order; they move when theirs are gone."""
        steps, moving = self._moving(price)
        if moving:
            reason = why_waiting(self.window, self.shift, 1 if steps > 0 else -1)
            self.reasons.update(dict.fromkeys(moving, reason))
        self.window.bound(self.band, price, self.shift, self.state.memory.get("ended"))
        return moving

    def _triggered(self, market_data: MarketData) -> bool:
        """A trigger fires when the price comes to it from the side it was on when the bot was started."""
        trigger = self.config.trigger_price
        if trigger is None:
            return True
        side = self.state.memory.setdefault(
            "trigger_side", "above" if market_data.price > trigger else "below"
        )
        return market_data.price <= trigger if side == "above" else market_data.price >= trigger

    def calculate_orders(self, market_data: MarketData) -> list[PlannedOrder]:
        self.reasons, self.wake_at = {}, None
        self.band = type(self.band)()
        price = market_data.price
        if not self.begun:
            return self._wait(price)
        self._guard(price)
        if self.stop_reason:
            return []
        orders = self._purchase(market_data)
        free_dust = self.free_dust(market_data.position.base)
        moving = self._hold_back(price)
        for number in sorted(range(self.config.grid_count), key=lambda i: abs(self.lower(i) - price)):
            order = None if number in moving else self._slot_order(number, market_data, free_dust)
            if order is not None:
                free_dust -= order.dust
                orders.append(order)
        return orders

    def _wait(self, price: Decimal) -> list[PlannedOrder]:
        trigger = self.config.trigger_price
        if trigger is not None:
            self.band.bound(trigger, price)
        reason = f"waiting: the grid starts when the price reaches {as_price(trigger or ZERO)}"
        self.reasons = dict.fromkeys(range(self.config.grid_count), reason)
        return []

    def _guard(self, price: Decimal) -> None:
        stop, take = self.config.stop_loss_price, self.config.take_profit_price
        if stop is not None:
            self.band.bound_below(stop)
            if price <= stop:
                self._end(f"stop_loss: the price fell to {as_price(price)}, at or below {as_price(stop)}")
        if take is not None:
            self.band.bound_above(take)
            if price >= take:
                self._end(f"take_profit: the price rose to {as_price(price)}, at or above {as_price(take)}")

    def _end(self, reason: str) -> None:
        self.stop_reason, self.stop_sells = reason, True

    def _purchase(self, market_data: MarketData) -> list[PlannedOrder]:
        missing = Decimal(self.state.memory["purchase"]) - self._purchased()
        market = market_data.market
        quantity = market_quantity(purchase_quantity(missing, market), market)
        if self.state.memory["granted"] or not tradable(quantity, market_data.price, market):
            return []
        return [PlannedOrder(PURCHASE_SLOT, self.state.run, Side.BUY, OrderType.MARKET, None, quantity)]

    def _purchased(self) -> Decimal:
        purchase = self.slot(PURCHASE_SLOT)
        return purchase.bought if purchase.cycle == self.state.run else ZERO

    def grants(self, market_data: MarketData) -> Grants | None:
        """Once the purchase has ended, its base and what an earlier run left go to the holding slots, nearest
        first; a slot that gets too little to sell gets nothing and waits to buy."""
        if not self.begun or self.state.memory["granted"] or self._purchase(market_data):
            return None
        market = market_data.market
        left, base = floor_to(max(ZERO, market_data.position.base), market.lot), {}
        for number in self.state.memory["holding"]:
            share = min(left, self.quantity)
            if not tradable(share, self.upper(number), market):
                break
            base[number] = share
            left -= share
        return Grants(base)

    @property
    def quantity(self) -> Decimal:
        """What every slot trades, or begins with where the grid trails or reinvests."""
        return Decimal(self.state.memory["quantity"])

    def quantity_of(self, number: int) -> Decimal:
        """What a slot trades in its current cycle."""
        if not self.config.adapts:
            return self.quantity
        return self.sizes.quantity(
            self.slot(number), self.window.place(number, self.shift), self.state.memory
        )

    def free_dust(self, base: Decimal) -> Decimal:
        """Base that no slot counts on: leftovers of rounding, which the next buys use up."""
        if not self.state.memory["granted"]:
            return ZERO
        bound = sum((self._bound_base(self.slot(i)) for i in range(self.config.grid_count)), ZERO)
        return max(ZERO, base - bound)

    def _bound_base(self, slot: SlotState) -> Decimal:
        owned = slot.granted + slot.dust + slot.bought
        return min(owned, self.quantity_of(slot.slot)) - slot.sold

    def _slot_order(self, number: int, data: MarketData, dust: Decimal) -> PlannedOrder | None:
        slot = self.slot(number)
        if not self.state.memory["granted"] and number in self.state.memory["holding"]:
            self.reasons[number] = "waiting: the initial purchase is under way"
            return None
        if self.config.adapts and slot.untouched and not self._is_worth_it(number, data.market):
            self.reasons[number] = "too_small: what is left to the slot does not pay for an order here"
            return None
        if dust or not self.config.post_only:
            return self._order_of(slot, data, dust)
        causes = slot, data.market, self.quantity_of(number), self.shift
        known = self._known.get(number)
        if known is None or known[0] != causes:
            known = self._known[number] = causes, self._order_of(slot, data, dust)
        return known[1]

    def _is_worth_it(self, number: int, market: Market) -> bool:
        return tradable(self.quantity_of(number), self.lower(number), market)

    def _order_of(self, slot: SlotState, data: MarketData, dust: Decimal) -> PlannedOrder:
        quantity = self.quantity_of(slot.slot)
        if slot.granted or slot.sold:
            return self._sell(slot, min(slot.held, quantity), data)
        missing = quantity - slot.dust - slot.bought
        if missing <= 0:
            return self._sell(slot, quantity, data)
        return self._complete(slot, missing, dust, data)

    def _complete(self, slot: SlotState, missing: Decimal, dust: Decimal, data: MarketData) -> PlannedOrder:
        """Buys what the slot still misses, with as much dust as leaves an order the exchange takes. A rest too
        small to buy is left: the slot sells what it has, or where that is too small as well, buys the smallest
        order instead."""
        level, market = self._price(slot, Side.BUY, data), data.market
        smallest = smallest_order(level, market)
        used = max(ZERO, min(dust, missing - floor_to(smallest * kept(market, market.maker_fee), EIGHT)))
        quantity = buy_quantity(missing - used, market, market.maker_fee)
        if not tradable(quantity, level, market):
            have = floor_to(slot.dust + slot.bought, market.lot)
            if tradable(have, self.upper(slot.slot), market):
                return self._sell(slot, have, data)
            quantity = smallest
        return self._limit(slot, Side.BUY, level, quantity, used)

    def _sell(self, slot: SlotState, quantity: Decimal, data: MarketData) -> PlannedOrder:
        lots = floor_to(quantity, data.market.lot)
        return self._limit(slot, Side.SELL, self._price(slot, Side.SELL, data), lots)

    def _price(self, slot: SlotState, side: Side, data: MarketData) -> Decimal:
        price = self.upper(slot.slot) if side is Side.SELL else self.lower(slot.slot)
        return price if self.config.post_only else within_reach(side, price, data.price, data.market.tick)

    def _limit(
        self, slot: SlotState, side: Side, price: Decimal, quantity: Decimal, dust: Decimal = ZERO
    ) -> PlannedOrder:
        return PlannedOrder(
            slot.slot, slot.cycle, side, OrderType.LIMIT, price, quantity, self.config.post_only, dust
        )
