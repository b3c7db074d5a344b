"""The grid: n slots, each buys at its lower level and sells at its upper one, over and over."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bots.core.orders import PlannedOrder
from bots.core.rounding import EIGHT, ceil_to, floor_to, plain
from bots.core.slots import PURCHASE_SLOT, SlotState, at_cycle, market_quantity, smallest_order, tradable
from bots.core.strategies.base import BaseStrategy, Beginning, Grants, MarketData, RunState, within_reach
from bots.core.strategies.grid_levels import levels_of
from bots.core.types import ZERO, Market, OrderType, Side

# A market purchase may cost this much more than the price it was planned at.
SLIPPAGE = Decimal("0.005")


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


@dataclass(frozen=True, slots=True)
class GridFunding:
    """How a run starts: the constant quantity of every slot, the slots that hold from the start, and what the
    initial purchase must bring (base, after fees)."""

    quantity: Decimal
    holding: tuple[int, ...]
    purchase: Decimal


def holding_slots(levels: list[Decimal], price: Decimal) -> tuple[int, ...]:
    """The slots whose lower level is at or above the price, nearest first."""
    return tuple(i for i, level in enumerate(levels[:-1]) if level >= price)


def buy_quantity(needed: Decimal, market: Market, fee: Decimal) -> Decimal:
    """What a buy must ask so that `needed` base is left after a fee taken in base."""
    return ceil_to(needed / kept(market, fee), market.lot)


def kept(market: Market, fee: Decimal) -> Decimal:
    """The part of a bought quantity that is left after the fee."""
    return 1 - fee if market.fee_in_base_on_buy else Decimal(1)


def purchase_quantity(missing: Decimal, market: Market) -> Decimal:
    """What market orders must ask together so that `missing` base is left after the fee."""
    return ceil_to(
        buy_quantity(max(missing, ZERO), market, market.taker_fee), market.market_lot or market.lot
    )


def cost_of(
    quantity: Decimal, levels: list[Decimal], price: Decimal, held: Decimal, market: Market
) -> Decimal:
    """Quote that a grid of this quantity commits: its buys, its purchase, and fees taken in quote."""
    holding = set(holding_slots(levels, price))
    buy = buy_quantity(quantity, market, market.maker_fee)
    waiting = sum((level * buy for i, level in enumerate(levels[:-1]) if i not in holding), ZERO)
    missing = max(ZERO, quantity * len(holding) - held)
    purchase = purchase_quantity(missing, market) * price * (1 + SLIPPAGE)
    fees = ZERO if market.fee_in_base_on_buy else waiting * market.maker_fee + purchase * market.taker_fee
    return waiting + purchase + fees


def fund(
    levels: list[Decimal], price: Decimal, budget: Decimal, held: Decimal, market: Market
) -> GridFunding | None:
    """The largest lot-rounded quantity per slot that `budget` (quote) and `held` (base) pay for.

    None where not even one lot per slot fits. The cost grows with the quantity, so the search halves.
    """

    def fits(lots: int) -> bool:
        return cost_of(lots * market.lot, levels, price, held, market) <= budget

    if not fits(1):
        return None
    low = 1
    while fits(low * 2):
        low *= 2
    high = low * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    quantity = low * market.lot
    holding = holding_slots(levels, price)
    missing = max(ZERO, quantity * len(holding) - held)
    if missing and missing * price < market.min_notional:
        missing = ZERO  # too small to buy: the farthest slots start without it and wait to buy
    return GridFunding(quantity, holding, missing)


class GridStrategy(BaseStrategy):
    """Memory of a run: `quantity`, `holding`, `purchase`, `entry_price`, and `granted` once the purchase ended."""

    def __init__(self, config: GridConfig, market: Market, state: RunState) -> None:
        super().__init__(state)
        self.config = config
        self.levels = levels_of(config, market)
        self._known: dict[int, tuple[Any, PlannedOrder]] = {}  # by slot: an order, and what it follows from

    @property
    def begun(self) -> bool:
        return self.state.memory.get("run") == self.state.run

    def begin(self, market_data: MarketData) -> Beginning | None:
        if self.begun or not self._triggered(market_data):
            return None
        position = market_data.position
        funding = fund(
            self.levels, market_data.price, position.cash, max(ZERO, position.base), market_data.market
        )
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
        touched = [slot for slot in self.state.slots.values() if slot.slot >= 0 and not slot.untouched]
        return Beginning(memory, tuple(at_cycle(slot, slot.cycle + 1) for slot in touched))

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
        for number in sorted(range(len(self.levels) - 1), key=lambda i: abs(self.levels[i] - price)):
            order = self._slot_order(number, market_data, free_dust)
            if order is not None:
                free_dust -= order.dust
                orders.append(order)
        return orders

    def _wait(self, price: Decimal) -> list[PlannedOrder]:
        trigger = self.config.trigger_price
        if trigger is not None:
            self.band.bound(trigger, price)
        reason = f"waiting: the grid starts when the price reaches {plain(trigger or ZERO)}"
        self.reasons = dict.fromkeys(range(len(self.levels) - 1), reason)
        return []

    def _guard(self, price: Decimal) -> None:
        stop, take = self.config.stop_loss_price, self.config.take_profit_price
        if stop is not None:
            self.band.bound_below(stop)
            if price <= stop:
                self._end(f"stop_loss: the price fell to {plain(price)}, at or below {plain(stop)}")
        if take is not None:
            self.band.bound_above(take)
            if price >= take:
                self._end(f"take_profit: the price rose to {plain(price)}, at or above {plain(take)}")

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
            if not tradable(share, self.levels[number + 1], market):
                break
            base[number] = share
            left -= share
        return Grants(base)

    @property
    def quantity(self) -> Decimal:
        return Decimal(self.state.memory["quantity"])

    def free_dust(self, base: Decimal) -> Decimal:
        """Base that no slot counts on: leftovers of rounding, which the next buys use up."""
        if not self.state.memory["granted"]:
            return ZERO
        bound = sum((self._bound_base(self.slot(i)) for i in range(len(self.levels) - 1)), ZERO)
        return max(ZERO, base - bound)

    def _bound_base(self, slot: SlotState) -> Decimal:
        owned = slot.granted + slot.dust + slot.bought
        return min(owned, self.quantity) - slot.sold

    def _slot_order(self, number: int, data: MarketData, dust: Decimal) -> PlannedOrder | None:
        slot = self.slot(number)
        if not self.state.memory["granted"] and number in self.state.memory["holding"]:
            self.reasons[number] = "waiting: the initial purchase is under way"
            return None
        if dust or not self.config.post_only:
            return self._order_of(slot, data, dust)
        causes = slot, data.market, self.state.memory["quantity"]
        known = self._known.get(number)
        if known is None or known[0] != causes:
            known = self._known[number] = causes, self._order_of(slot, data, dust)
        return known[1]

    def _order_of(self, slot: SlotState, data: MarketData, dust: Decimal) -> PlannedOrder:
        if slot.granted or slot.sold:
            return self._sell(slot, min(slot.held, self.quantity), data)
        missing = self.quantity - slot.dust - slot.bought
        if missing <= 0:
            return self._sell(slot, self.quantity, data)
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
            if tradable(have, self.levels[slot.slot + 1], market):
                return self._sell(slot, have, data)
            quantity = smallest
        return self._limit(slot, Side.BUY, level, quantity, used)

    def _sell(self, slot: SlotState, quantity: Decimal, data: MarketData) -> PlannedOrder:
        lots = floor_to(quantity, data.market.lot)
        return self._limit(slot, Side.SELL, self._price(slot, Side.SELL, data), lots)

    def _price(self, slot: SlotState, side: Side, data: MarketData) -> Decimal:
        price = self.levels[slot.slot + (side is Side.SELL)]
        return price if self.config.post_only else within_reach(side, price, data.price, data.market.tick)

    def _limit(
        self, slot: SlotState, side: Side, price: Decimal, quantity: Decimal, dust: Decimal = ZERO
    ) -> PlannedOrder:
        return PlannedOrder(
            slot.slot, slot.cycle, side, OrderType.LIMIT, price, quantity, self.config.post_only, dust
        )
