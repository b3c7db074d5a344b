"""A grid's run without the engine, fill for fill the same (a test compares them): a slot either waits to buy at its
lower level or holds and sells at its upper one, so a fill is an addition of whole numbers.

It begins where the exact replay has brought the bot at the close of the first candle, and gives up, so that the exact
replay does it all, wherever the engine might decide otherwise: limits that can trip, exits, orders that may take, and
an order that the bot could not pay for or the exchange would refuse.
"""

import time
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from bots.backtest.path import FillModel
from bots.backtest.replay import Replay, TookTooLong, strategy_for
from bots.backtest.run import NO_LIMITS, Case, Filled, Run, State, Tally
from bots.core.rounding import EIGHT, floor_to
from bots.core.slots import smallest_order
from bots.core.strategies.base import RunState
from bots.core.strategies.grid import GridConfig, GridStrategy, kept
from bots.core.strategies.grid_levels import levels_of
from bots.core.types import Market, Side
from marketdata.columns import SCALE, Columns

PARTS = 10**12  # a fee rate is a whole number of these
BLOCK = 4096  # candles looked through at once


class Unsure(Exception):
    """The engine might do something else here."""


def fast_grid(case: Case, model: FillModel) -> Run | None:
    """None where only the exact replay can tell. Raises TookTooLong."""
    config = case.config
    if not isinstance(config, GridConfig) or model.delayed or case.limits is not NO_LIMITS:
        return None
    exits = (config.trigger_price, config.stop_loss_price, config.take_profit_price)
    if not config.post_only or any(price is not None for price in exits) or len(case.candles) < 2:
        return None
    try:
        return FastGrid(case, config).run(model)
    except Unsure:
        return None


@dataclass(slots=True)
class Slot:
    """`order` is the quantity of its live order. The sums of its cycle are those of `core.slots.SlotState`."""

    holds: bool
    order: int
    granted: int
    dust: int
    bought: int
    spent: int
    cycles: int
    profit: int


@dataclass(frozen=True, slots=True)
class Rules:
    """A market's rules in whole numbers. `kept_parts` of PARTS is what a buy leaves after its fee in base."""

    lot: int
    min_quantity: int
    min_notional: int
    fee_parts: int
    in_base: bool

    @property
    def kept_parts(self) -> int:
        return PARTS - self.fee_parts if self.in_base else PARTS


def rules_of(market: Market) -> Rules:
    """Raises Unsure where they are finer than whole numbers can say."""
    numbers = [
        market.lot * SCALE,
        market.min_quantity * SCALE,
        market.min_notional * SCALE,
        market.maker_fee * PARTS,
    ]
    if any(number % 1 for number in numbers):
        raise Unsure
    lot, min_quantity, min_notional, fee = map(int, numbers)
    return Rules(lot, min_quantity, min_notional, fee, market.fee_in_base_on_buy)


class FastGrid:
    def __init__(self, case: Case, config: GridConfig) -> None:
        self.candles, self.rules, market = case.candles, rules_of(case.market), case.market
        self.until = case.until
        begun = Replay(
            replace(case, candles=_first(case.candles)), _ANY, strategy_for(config, market, RunState(run=1))
        )
        self.result = begun.run()
        self.levels = [_int(level) for level in levels_of(config, market)]
        # What the smallest order at a slot's lower level leaves after its fee, floored to 1e-8.
        self.smallest = [
            _int(floor_to(smallest_order(level, market) * kept(market, market.maker_fee), EIGHT))
            for level in levels_of(config, market)
        ]
        self.slots = [self._slot(begun, number) for number in range(config.grid_count)]
        strategy = begun.engine.strategy
        assert isinstance(strategy, GridStrategy)  # noqa: S101 - made above
        self.quantity = _int(strategy.quantity)
        position = begun.engine.position_manager.position
        self.cash, self.base, self.cost = _int(position.cash), _int(position.base), _int(position.cost)
        self.reserved = sum(self._worth(number) for number, slot in enumerate(self.slots) if not slot.holds)
        self.bound = sum(map(self._bound, self.slots))

    def _slot(self, begun: Replay, number: int) -> Slot:
        live, state = begun.engine.live.get(number), begun.engine.strategy.slot(number)
        if live is None or live.price is None or state.sold or (live.side is Side.BUY and state.bought):
            raise Unsure
        holds = live.side is Side.SELL
        if _int(live.price) != self.levels[number + holds] or live.filled:
            raise Unsure
        return Slot(
            holds=holds,
            order=_int(live.quantity),
            granted=_int(state.granted),
            dust=_int(state.dust),
            bought=_int(state.bought),
            spent=_int(state.spent),
            cycles=state.cycles,
            profit=_int(state.profit),
        )

    def _worth(self, number: int) -> int:
        """What a live buy commits, floored: enough to compare with the cash left."""
        return self.slots[number].order * self.levels[number] // SCALE + 1

    def _bound(self, slot: Slot) -> int:
        return min(slot.granted + slot.dust + slot.bought, self.quantity)

    # The walk

    def run(self, model: FillModel) -> Run:
        candles = self.candles
        columns = (candles.open, candles.high, candles.low, candles.close)
        number = 1
        while (number := self._next(number)) < len(candles):
            if time.monotonic() > self.until:
                raise TookTooLong
            opens, high, low, close = (int(column[number]) for column in columns)
            here = int(candles.close[number - 1])
            booked = len(self.result.fills)
            for target in model.path((opens, high, low, close)):
                self._go(here, target, number)
                here = target
            if len(self.result.fills) != booked:
                self.result.states.append(State(number, self.cash, self.base))
            number += 1
        self.result.slots |= {
            number: Tally(slot.cycles, slot.profit) for number, slot in enumerate(self.slots)
        }
        return self.result

    def _next(self, number: int) -> int:
        """The next candle that touches an order."""
        below = max((self.levels[i] for i, slot in enumerate(self.slots) if not slot.holds), default=-1)
        above = min((self.levels[i + 1] for i, slot in enumerate(self.slots) if slot.holds), default=_NEVER)
        block = 64
        while number < len(self.candles):
            part = slice(number, number + block)
            hit = (self.candles.low[part] <= below) | (self.candles.high[part] >= above)
            found = int(hit.argmax())
            if hit[found]:
                return number + found
            number, block = number + block, BLOCK
        return number

    def _go(self, here: int, to: int, number: int) -> None:
        if to < here:
            for i in range(len(self.slots) - 1, -1, -1):
                if to <= self.levels[i] < here and not self.slots[i].holds:
                    self._buy(i, number)
        else:
            for i, slot in enumerate(self.slots):
                if here < self.levels[i + 1] <= to and slot.holds:
                    self._sell(i, number)

    # A fill: the same sums as in `core.ledger` and `core.slots`

    def _buy(self, i: int, number: int) -> None:
        slot, rules, price = self.slots[i], self.rules, self.levels[i]
        value = _half_even(price * slot.order, SCALE)
        fee = _half_even((slot.order if rules.in_base else value) * rules.fee_parts, PARTS)
        quote_fee = 0 if rules.in_base else fee
        got = slot.order - (fee if rules.in_base else 0)
        self.reserved -= self._worth(i)
        self.cash -= value + quote_fee
        self.base += got
        self.cost += value + quote_fee
        self._log(i, number, slot.order, fee, True)
        before = self._bound(slot)
        slot.holds, slot.bought, slot.spent = True, got, value + quote_fee
        self.bound += self._bound(slot) - before
        slot.order = self.quantity
        if slot.dust + slot.bought < self.quantity:
            raise Unsure

    def _sell(self, i: int, number: int) -> None:
        slot, rules, price = self.slots[i], self.rules, self.levels[i + 1]
        quantity, value = slot.order, _half_even(price * slot.order, SCALE)
        fee = _half_even(value * rules.fee_parts, PARTS)
        removed = self.cost if quantity >= self.base else _half_even(self.cost * quantity, self.base)
        self.cash += value - fee
        self.base -= quantity
        self.cost -= removed
        self.result.realized += value - fee - removed
        self._log(i, number, quantity, fee, False)
        rest = (slot.granted + slot.dust + slot.bought - quantity) // rules.lot * rules.lot
        if rest and rest >= rules.min_quantity and rest * price >= rules.min_notional * SCALE:
            raise Unsure  # the cycle goes on
        profit = 0 if slot.granted else value - fee - _half_even(slot.spent * quantity, slot.bought)
        if not slot.granted:
            self.result.profits.append(profit)
        self.bound -= self._bound(slot)
        slot.cycles, slot.profit = slot.cycles + 1, slot.profit + profit
        slot.holds, slot.granted, slot.dust, slot.bought, slot.spent = False, 0, 0, 0, 0
        self._ask(i)

    def _ask(self, i: int) -> None:
        """The slot's next buy, with the dust it counts on (GridStrategy._complete)."""
        slot, rules = self.slots[i], self.rules
        if i + 1 < len(self.slots) and not self.slots[i + 1].holds:
            raise Unsure  # a slot nearer to the price would have the dust
        dust = max(0, self.base - self.bound)
        used = max(0, min(dust, self.quantity - self.smallest[i]))
        slot.order = -(-(self.quantity - used) * PARTS // (rules.kept_parts * rules.lot)) * rules.lot
        worth = slot.order * self.levels[i]
        if slot.order < rules.min_quantity or worth < rules.min_notional * SCALE:
            raise Unsure
        if self._worth(i) > self.cash - self.reserved:
            raise Unsure  # the risk gate might not let it pass
        self.reserved += self._worth(i)
        slot.dust = used
        self.bound += self._bound(slot)

    def _log(self, i: int, number: int, quantity: int, fee: int, buys: bool) -> None:
        price, in_base = self.levels[i + (not buys)], buys and self.rules.in_base
        fee_quote = _half_even(fee * price, SCALE) if in_base else fee
        opens = int(self.candles.time[number])
        self.result.fills.append(
            Filled(number, i, buys, price, quantity, fee, in_base, fee_quote, True, opens)
        )


_ANY = FillModel(lambda _opened, _close: True)
_NEVER = np.iinfo(np.int64).max


def _first(candles: Columns) -> Columns:
    return Columns(
        *(getattr(candles, name)[:1] for name in ("time", "open", "high", "low", "close", "volume"))
    )


def _int(number: Decimal) -> int:
    return int(number * SCALE)


def _half_even(number: int, by: int) -> int:
    """number / by, rounded to a whole number; a tie goes to the even one. Neither is negative."""
    whole, rest = divmod(number, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2))
