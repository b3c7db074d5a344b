"""The prices of a grid's levels, on the tick."""

from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from bots.core.rounding import nearest
from bots.core.types import Market


class Range(Protocol):
    @property
    def lower_price(self) -> Decimal: ...
    @property
    def upper_price(self) -> Decimal: ...
    @property
    def grid_count(self) -> int: ...
    @property
    def spacing(self) -> str: ...


class Ladder:
    """The levels by number: 0 is the lower price, n the upper one, and on it goes in both directions. Arithmetic:
    equal distances. Geometric: equal ratios, lower * (upper / lower) ** (i / n). Far below, prices may be negative;
    two levels may round to one tick: pre-flight refuses that."""

    def __init__(self, grid: Range, market: Market) -> None:
        self.grid, self.market = grid, market
        self._known: dict[int, Decimal] = {}

    def __getitem__(self, number: int) -> Decimal:
        price = self._known.get(number)
        if price is None:
            price = self._known[number] = nearest(self._exact(number), self.market.tick)
        return price

    def _exact(self, number: int) -> Decimal:
        grid, count = self.grid, self.grid.grid_count
        if grid.spacing == "geometric":
            return grid.lower_price * (grid.upper_price / grid.lower_price) ** (Decimal(number) / count)
        return grid.lower_price + (grid.upper_price - grid.lower_price) * number / count


def levels_of(grid: Range, market: Market, shift: int = 0) -> list[Decimal]:
    """grid_count + 1 prices, lowest first: from lower to upper, or so many steps above it."""
    ladder = Ladder(grid, market)
    return [ladder[shift + number] for number in range(grid.grid_count + 1)]


def place_of(slot: int, shift: int, count: int) -> int:
    """The number of the level at which a slot buys. The slots form a ring: a step moves one of them from one end of
    the window to the other, and all others stay where they are."""
    return shift + (slot - shift) % count


def profit_per_unit(lower: Decimal, upper: Decimal, market: Market) -> Decimal:
    """Net quote profit of one cycle of one unit of base after both fees: upper * (1 - f) - lower / (1 - f) where the
    fee of a buy is taken in base, upper * (1 - f) - lower * (1 + f) where in quote."""
    fee = market.maker_fee
    return upper * (1 - fee) - lower * (1 / (1 - fee) if market.fee_in_base_on_buy else 1 + fee)


def profit_per_grid(levels: list[Decimal], quantity: Decimal, market: Market) -> list[Decimal]:
    """Net quote profit of one cycle of each slot."""
    return [quantity * profit_per_unit(lower, upper, market) for lower, upper in pairwise(levels)]
