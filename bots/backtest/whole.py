"""A market and a grid's beginning as whole numbers of 1e-8, for the kernels. Raises Unsure where they are
finer, or larger, than 64 bits can say."""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np

from bots.backtest.kernel_math import MOST, Unsure
from bots.backtest.kernel_state import (
    DELAYED,
    FEE_PARTS,
    IN_BASE,
    LOT,
    MAKER,
    MARKET_LOT,
    MARKET_MOST,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    MOST_QUANTITY,
    RULES,
    SLIPPAGE,
    SLIPPAGE_PARTS,
    TAKER,
    TICK,
    Table,
)
from bots.core.rounding import floor_to
from bots.core.strategies.grid import GridConfig
from bots.core.strategies.grid_funding import SLIPPAGE as MARGIN
from bots.core.types import Market
from marketdata.columns import SCALE

LARGEST = 2**60
FINEST = 10**9  # parts of a rate
COARSEST = 10**6  # the same, where money is counted in parts of it
DIGITS = 26  # of the 28 of Decimal, two for divisions


def whole(number: Decimal) -> int:
    scaled = number * SCALE
    if scaled % 1 or abs(scaled) > LARGEST:
        raise Unsure("finer or larger than the kernel counts")
    return int(scaled)


def parts_of(*rates: Decimal) -> tuple[int, ...]:
    """The rates as whole numbers of the same parts, and how many those are."""
    exact = [Fraction(rate) for rate in rates]
    common = np.lcm.reduce(np.array([rate.denominator for rate in exact], object))
    if common > FINEST:
        raise Unsure("a rate is finer than the kernel counts")
    return (*(int(rate * common) for rate in exact), int(common))


@lru_cache(maxsize=64)
def rules_of(market: Market, slippage: Decimal, delayed: bool) -> Table:
    """To be read only."""
    rules = np.zeros(RULES, np.int64)
    rules[TICK], rules[LOT] = whole(market.tick), whole(market.lot)
    rules[MIN_QUANTITY], rules[MIN_NOTIONAL] = whole(market.min_quantity), whole(market.min_notional)
    rules[MARKET_LOT] = whole(market.market_lot or market.lot)
    rules[MARKET_MOST] = whole(market.market_max_quantity or market.max_quantity)
    rules[MOST_QUANTITY] = min(int(floor_to(market.max_quantity, market.lot) * SCALE), LARGEST * 4)
    rules[MAKER], rules[TAKER], rules[FEE_PARTS] = parts_of(market.maker_fee, market.taker_fee)
    rules[IN_BASE] = market.fee_in_base_on_buy
    rules[SLIPPAGE], rules[SLIPPAGE_PARTS] = parts_of(slippage)
    rules[DELAYED] = delayed
    return rules


def most_money(market: Market, rules: Table) -> int:
    """Up to here Decimal keeps every digit of a price times a quantity times a rate, and divides by it truly enough to
    say how many lots it pays for."""
    if rules[FEE_PARTS] > COARSEST:
        raise Unsure("a rate is finer than the kernel counts")
    places = [_places(number) for number in (market.tick, market.lot, market.maker_fee)]
    return int(min(MOST, 10 ** max(0, DIGITS + 8 - max(8, sum(places)))))


def _places(number: Decimal) -> int:
    return max(0, -int(number.normalize().as_tuple().exponent))


class Funding:
    """`strategies.grid.fund` and `cost_of` in whole numbers."""

    def __init__(self, config: GridConfig, market: Market, rules: Table, levels: Table, price: int) -> None:
        numbers = [int(number) for number in rules]
        self.lot, self.market_lot, self.in_base = numbers[LOT], numbers[MARKET_LOT], numbers[IN_BASE]
        self.maker, self.taker, self.parts = numbers[MAKER], numbers[TAKER], numbers[FEE_PARTS]
        self.first = int(np.searchsorted(levels[:-1], price))  # of the slots that hold
        self.holding = config.grid_count - self.first
        self.waiting = sum(int(level) for level in levels[: self.first])
        self.price, self.budget = price, whole(config.investment)

    def size(self) -> int:
        """The largest quantity per slot that the investment pays for, 0 where not one lot does."""
        low, high = 0, 1
        while self._fits(high):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._fits(middle) else (low, middle)
        return low * self.lot

    def _fits(self, lots: int) -> bool:
        """In thousandths of 1e-16, for the margin of a market purchase."""
        size, thousand = lots * self.lot, int(1000 * MARGIN) + 1000
        waiting = self.waiting * self._asked(size, self.maker) * 1000
        purchase = self._bought(size * self.holding) * self.price * thousand
        cost = (waiting + purchase) * self.parts
        if not self.in_base:
            cost += waiting * self.maker + purchase * self.taker
        return cost <= self.budget * SCALE * 1000 * self.parts

    def _asked(self, needed: int, rate: int) -> int:
        if not self.in_base:
            return -(-needed // self.lot) * self.lot
        return -(-needed * self.parts // ((self.parts - rate) * self.lot)) * self.lot

    def _bought(self, missing: int) -> int:
        return -(-self._asked(missing, self.taker) // self.market_lot) * self.market_lot

    def purchase(self, size: int, min_notional: int) -> int:
        missing = size * self.holding
        return missing if missing * self.price >= min_notional * SCALE else 0
