"""The levels of a grid as whole numbers of 1e-8, for the kernels: those of `grid_levels.Ladder`, as far as its window
may go."""

from decimal import Decimal
from math import ceil, log

import numpy as np

from bots.backtest.kernel_math import Unsure
from bots.backtest.kernel_state import Table
from bots.backtest.whole import LARGEST, whole
from bots.core.strategies.grid import GridConfig
from bots.core.strategies.grid_levels import Ladder
from bots.core.types import Market
from marketdata.columns import SCALE

CLOSE_CALL = 0.01  # of a tick: a float is not trusted to say to which side it rounds
FLOAT = 1e-15  # what a power may be wrong by, as a part of itself, for each unit of its exponent
MOST_LEVELS = 2**17
SPARE = 2  # levels beyond the last one a price can reach: a float says which that is


def grid_levels(config: GridConfig, market: Market) -> Table:
    """From lower to upper."""
    return levels(config, market, 0, config.grid_count)


def reachable(config: GridConfig, bottom: int, top: int) -> tuple[int, int]:
    """The numbers of the lowest and the highest level of which a window hears that follows prices from `bottom` to
    `top`, which are whole numbers of 1e-8."""
    first, last = 0, config.grid_count
    if config.trailing_up:
        highest = min(Decimal(top) / SCALE, config.trailing_up_limit or Decimal("Infinity"))
        last = max(last + 1, _number_at(config, highest) + SPARE)
    if config.trailing_down:
        lowest = max(Decimal(bottom) / SCALE, config.trailing_down_limit or Decimal(0))
        first = min(-1, _number_at(config, lowest) - SPARE)
    if last - first > MOST_LEVELS:
        raise Unsure("the window may move along too many levels")
    return first, last


def _number_at(config: GridConfig, price: Decimal) -> int:
    """About the number of the level at this price."""
    lower, upper, count = float(config.lower_price), float(config.upper_price), config.grid_count
    if config.spacing == "geometric":
        return ceil(count * log(float(price) / lower) / log(upper / lower))
    return ceil(count * (float(price) - lower) / (upper - lower))


def levels(config: GridConfig, market: Market, first: int, last: int) -> Table:
    numbers = np.arange(first, last + 1)
    if config.spacing == "geometric":
        return _geometric(config, market, numbers)
    return _arithmetic(config, market, numbers)


def _arithmetic(config: GridConfig, market: Market, numbers: Table) -> Table:
    """In parts of a level's step: exact, as long as they fit."""
    lower, upper, tick = whole(config.lower_price), whole(config.upper_price), whole(market.tick)
    count = config.grid_count
    farthest = max(abs(int(numbers[0])), abs(int(numbers[-1])))
    if lower * count + (upper - lower) * farthest > LARGEST or tick * count > LARGEST:
        return _exact(config, market, numbers)
    parts = lower * count + (upper - lower) * numbers
    ticks, rest = np.divmod(parts, tick * count)
    left = tick * count - rest
    ticks += (rest > left) | ((rest == left) & (ticks % 2 == 1))
    return ticks * tick


def _geometric(config: GridConfig, market: Market, numbers: Table) -> Table:
    """A hundred times as fast as with Decimal: a float says which tick is nearest unless two are about as near."""
    tick, exponents = whole(market.tick), numbers / config.grid_count
    lower = float(config.lower_price / market.tick)
    ticks = lower * float(config.upper_price / config.lower_price) ** exponents
    if ticks[-1] * max(1.0, np.abs(exponents).max()) * FLOAT > CLOSE_CALL / 100:
        return _exact(config, market, numbers)
    found: Table = np.rint(ticks).astype(np.int64) * tick
    for place in np.flatnonzero(np.abs(ticks % 1 - 0.5) < CLOSE_CALL):
        found[place] = _exact(config, market, numbers[place : place + 1])[0]
    return found


def _exact(config: GridConfig, market: Market, numbers: Table) -> Table:
    ladder = Ladder(config, market)
    return np.array([whole(ladder[int(number)]) for number in numbers], np.int64)
