"""Dollar-cost averaging: buys by the clock or on drops, sells everything above the average cost.

Slot 0 is the base order and the interval buys (cycle = ordinal of the due time, or the deal's number without an
interval), slots 1..k the safety orders (cycle = deal), slot 1000 the exit (cycle = deal).
"""

from dataclasses import dataclass
from decimal import Decimal

from bots.core.orders import PlannedOrder
from bots.core.rounding import as_price, ceil_to, floor_to, round8
from bots.core.slots import DCA_EXIT_SLOT, SlotState, at_cycle, market_quantity, tradable
from bots.core.strategies.base import BaseStrategy, Beginning, MarketData, RunState, within_reach
from bots.core.types import ZERO, Market, OrderType, Side

HUNDRED = Decimal(100)
# A buy that is this late was missed: `missed` decides what becomes of it.
GRACE_MS = 60_000
LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class DCAConfig:
    """Percentages are percent: 2 means 2 %. `interval` and `cooldown` are seconds."""

    amount: Decimal
    interval: int | None = None
    price_drop: Decimal | None = None
    step_scale: Decimal = Decimal(1)
    volume_scale: Decimal = Decimal(1)
    max_orders: int = 0
    take_profit: Decimal | None = None
    trailing: Decimal | None = None
    stop_loss: Decimal | None = None
    cooldown: int = 0
    max_investment: Decimal | None = None
    repeat: bool = True
    missed: str = "once"
    on_stop: str = "keep"

    def safety_amount(self, number: int) -> Decimal:
        """Quote that safety order `number` (1, 2, ...) spends: amount * volume_scale ** number, to eight places."""
        return _eight(self.amount * self.volume_scale**number)

    def safety_drop(self, number: int) -> Decimal:
        """Percent below the base order: price_drop * (1 + s + s**2 + ...), `number` terms of step_scale s, to eight
        places."""
        return _eight((self.price_drop or ZERO) * sum((self.step_scale**i for i in range(number)), ZERO))

    @property
    def full_cycle(self) -> Decimal:
        """Quote that the base order and all safety orders spend together."""
        return self.amount + sum((self.safety_amount(i) for i in range(1, self.max_orders + 1)), ZERO)

    @property
    def investment(self) -> Decimal:
        return self.max_investment or self.full_cycle


def _eight(number: Decimal) -> Decimal:
    """To eight places; what is too large for them is refused by the config anyway."""
    return round8(number) if number < LARGEST else number


class DCAStrategy(BaseStrategy):
    """Spends by its own rules, `max_investment` among them, so its cash may fall below zero.

    Memory of a run: `anchor` (ms, the first due time), `first` (its ordinal), `deal` (the first), `based` (the
    deal that slot 0 bought for last), `peak` while an exit trails."""

    bounded_by_cash = False

    def __init__(self, config: DCAConfig, market: Market, state: RunState) -> None:
        super().__init__(state)
        self.config = config

    @property
    def deal(self) -> int:
        return self.slot(DCA_EXIT_SLOT).cycle

    @property
    def begun(self) -> bool:
        return self.state.memory.get("run") == self.state.run

    def begin(self, market_data: MarketData) -> Beginning | None:
        if self.begun:
            return None
        base, deal = self.slot(0), self.slot(DCA_EXIT_SLOT)
        if not base.untouched and base.cycle >= deal.cycle and not self._holds(market_data):
            deal = at_cycle(deal, base.cycle + 1)  # what this deal bought is gone: the next one begins
        first = base.cycle if base.untouched else base.cycle + 1
        memory = {"run": self.state.run, "anchor": market_data.now, "first": first, "deal": deal.cycle}
        return Beginning(memory, (deal,))

    def calculate_orders(self, market_data: MarketData) -> list[PlannedOrder]:
        self.reasons, self.wake_at = {}, None
        self.band = type(self.band)()
        if not self.begun:
            return []
        self._guard(market_data)
        if self.stop_reason:
            return []
        base = self._base(market_data)
        committed = base.quantity * market_data.price if base else ZERO
        wanted = [base, *self._safety(market_data, committed), self._exit(market_data)]
        return [order for order in wanted if order is not None]

    def _holds(self, data: MarketData) -> bool:
        """Whether what the bot has can be sold, now or at the price of its take profit."""
        lots = floor_to(data.position.base, data.market.lot)
        if lots < max(data.market.min_quantity, data.market.lot):
            return False
        if tradable(lots, self._target(data), data.market):
            return True
        self.band.bound(data.market.min_notional / lots, data.price)
        return tradable(lots, data.price, data.market)

    def _target(self, data: MarketData) -> Decimal:
        """The take profit's price; the average cost without one. The average wobbles in its last places as parts
        are sold: a tenth of a tick keeps the price where it is."""
        tick = data.market.tick
        average = data.position.average_cost or ZERO
        exact = average * (1 + (self.config.take_profit or ZERO) / HUNDRED)
        return ceil_to(max(ZERO, exact - tick / 10), tick)

    def _guard(self, data: MarketData) -> None:
        average = data.position.average_cost
        if self.config.stop_loss is not None and average is not None and self._holds(data):
            floor = average * (1 - self.config.stop_loss / HUNDRED)
            self.band.bound_below(floor)
            if data.price <= floor:
                self.stop_sells = True
                self.stop_reason = (
                    f"stop_loss: the price fell to {as_price(data.price)}, {self.config.stop_loss} % or more below "
                    f"the average cost {as_price(average)}"
                )
        if self._finished(data):
            self.stop_reason = "finished: the deal is closed and the bot does not repeat"

    def _finished(self, data: MarketData) -> bool:
        closed = self.deal > int(self.state.memory["deal"])
        return closed and not self.config.repeat and not self._holds(data)

    # Base order and interval buys

    def _base(self, data: MarketData) -> PlannedOrder | None:
        ordinal = self._due_by_clock(data) if self.config.interval else self._due_by_deal(data)
        if ordinal is None:
            return None
        market = data.market
        rest = self.config.amount - at_cycle(self.slot(0), ordinal).spent
        if not self._room(rest, data.position.cost):
            self.reasons[0] = "limit: max_investment is used up"
            return None
        quantity = market_quantity(rest / data.price, market)
        if not tradable(quantity, data.price, market):
            self.reasons[0] = "too_small: the buy is below the exchange's minimum"
            return None
        self.state.memory["based"] = self.deal
        return PlannedOrder(0, ordinal, Side.BUY, OrderType.MARKET, None, quantity)

    def _due_by_clock(self, data: MarketData) -> int | None:
        """The newest due time not served yet, at most one: what was missed during an outage is bought once or
        skipped, never made up for one by one."""
        step = (self.config.interval or 0) * 1000
        anchor, first = int(self.state.memory["anchor"]), int(self.state.memory["first"])
        passed = max(0, data.now - anchor) // step
        ordinal, due = first + passed, anchor + passed * step
        self.wake_at = due + step
        if self._base_served(ordinal, data):
            self.reasons[0] = f"waiting: the next buy is due at {due + step}"
            return None
        late = data.now - due > min(GRACE_MS, step // 2)
        if late and self.config.missed == "skip" and self.slot(0).cycle != ordinal:
            self.reasons[0] = f"skipped: the buy due at {due} was missed, the next is due at {due + step}"
            return None
        return ordinal

    def _due_by_deal(self, data: MarketData) -> int | None:
        if self._base_served(self.deal, data):
            self.reasons[0] = "bought: the base order of this deal is filled"
            return None
        ready = data.position.last[0] + self.config.cooldown * 1000
        if data.position.trades and self.slot(0).cycle < self.deal and data.now < ready:
            self.wake_at = ready
            self.reasons[0] = f"waiting: the cooldown after the last deal ends at {ready}"
            return None
        return self.deal

    def _base_served(self, cycle: int, data: MarketData) -> bool:
        lot = data.market.market_lot or data.market.lot
        return self._served(self.slot(0), cycle, self.config.amount, lot, data)

    def _served(self, slot: SlotState, cycle: int, amount: Decimal, lot: Decimal, data: MarketData) -> bool:
        """Whether the slot's buy of this cycle is done: spent, but for a rest smaller than one lot."""
        if slot.cycle != cycle or not slot.bought:
            return slot.cycle > cycle
        rest = amount - slot.spent
        paid = slot.spent / slot.bought
        return rest <= paid * lot or not tradable(floor_to(rest / paid, lot), paid, data.market)

    def _room(self, amount: Decimal, committed: Decimal) -> bool:
        limit = self.config.max_investment
        return limit is None or committed + amount <= limit

    # Safety orders

    def _safety(self, data: MarketData, committed: Decimal) -> list[PlannedOrder]:
        """`committed` is quote that the base order is about to spend."""
        base = self.slot(0)
        based = self.state.memory.get("based") if self.config.interval else base.cycle
        if not (self.config.price_drop and base.bought and based == self.deal and self._holds(data)):
            reason = "waiting: placed when the deal's first buy is filled"
            self.reasons |= dict.fromkeys(range(1, self.config.max_orders + 1), reason)
            return []
        reference = round8(base.spent / base.bought)
        orders, committed = [], data.position.cost + committed
        for number in range(1, self.config.max_orders + 1):
            amount = self.config.safety_amount(number)
            order = self._safety_order(number, amount, reference, committed, data)
            if order is not None:
                committed += amount
                orders.append(order)
        return orders

    def _safety_order(
        self, number: int, amount: Decimal, reference: Decimal, committed: Decimal, data: MarketData
    ) -> PlannedOrder | None:
        slot, market = at_cycle(self.slot(number), self.deal), data.market
        if self._served(slot, self.deal, amount, market.lot, data):
            self.reasons[number] = "bought: this safety order of the deal is filled"
            return None
        if not self._room(amount, committed):
            self.reasons[number] = "limit: max_investment is used up"
            return None
        price = floor_to(reference * (1 - self.config.safety_drop(number) / HUNDRED), market.tick)
        price = within_reach(Side.BUY, price, data.price, market.tick)
        quantity = floor_to((amount - slot.spent) / price, market.lot) if price > 0 else ZERO
        if not tradable(quantity, price, market):
            self.reasons[number] = "too_small: the order is below the exchange's minimum"
            return None
        return PlannedOrder(number, self.deal, Side.BUY, OrderType.LIMIT, price, quantity)

    # Exit

    def _exit(self, data: MarketData) -> PlannedOrder | None:
        if self.config.take_profit is None or not self._holds(data):
            self.state.memory.pop("peak", None)
            if self.config.take_profit is not None:
                self.reasons[DCA_EXIT_SLOT] = "waiting: there is nothing to sell yet"
            return None
        target = self._target(data)
        if self.config.trailing is not None:
            return self._trailing_exit(target, self.config.trailing, data)
        quantity = floor_to(data.position.base, data.market.lot)
        price = within_reach(Side.SELL, target, data.price, data.market.tick)
        return PlannedOrder(
            DCA_EXIT_SLOT, self.deal, Side.SELL, OrderType.LIMIT, price, quantity, resize=True
        )

    def _trailing_exit(self, target: Decimal, trailing: Decimal, data: MarketData) -> PlannedOrder | None:
        """From the target on the highest price is followed; `trailing` percent below it everything is sold."""
        peak = self.state.memory.get("peak")
        if peak is None and data.price < target:
            self.band.bound_above(target)
            self.reasons[DCA_EXIT_SLOT] = f"waiting: the take profit begins to trail at {as_price(target)}"
            return None
        highest = max(data.price, Decimal(peak or 0))
        self.state.memory["peak"] = str(highest)
        trigger = highest * (1 - trailing / HUNDRED)
        selling = self.slot(DCA_EXIT_SLOT).sold > 0
        if data.price > trigger and not selling:
            self.band.bound_above(highest)
            self.band.bound_below(trigger)
            self.reasons[DCA_EXIT_SLOT] = f"trailing: sells when the price falls to {as_price(trigger)}"
            return None
        return self.sell_all(DCA_EXIT_SLOT, self.deal, data)
