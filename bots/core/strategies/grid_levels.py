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


def levels_of(grid: Range, market: Market) -> list[Decimal]:
    """grid_count + 1 prices from lower to upper. Arithmetic: equal distances. Geometric: equal ratios,
    lower * (upper / lower) ** (i / n). Two levels may round to one tick: pre-flight refuses that."""
    count = grid.grid_count
    if grid.spacing == "geometric":
        ratio = grid.upper_price / grid.lower_price
        exact = [grid.lower_price * ratio ** (Decimal(i) / count) for i in range(count + 1)]
    else:
        width = grid.upper_price - grid.lower_price
        exact = [grid.lower_price + width * i / count for i in range(count + 1)]
    return [nearest(price, market.tick) for price in exact]


def profit_per_grid(levels: list[Decimal], quantity: Decimal, market: Market) -> list[Decimal]:
    """Net quote profit of one cycle of each slot after both fees: q * (upper * (1 - f) - lower / (1 - f)) where
    the fee of a buy is taken in base, q * (upper * (1 - f) - lower * (1 + f)) where in quote."""
    fee = market.maker_fee
    buying = 1 / (1 - fee) if market.fee_in_base_on_buy else 1 + fee
    return [quantity * (upper * (1 - fee) - lower * buying) for lower, upper in pairwise(levels)]
