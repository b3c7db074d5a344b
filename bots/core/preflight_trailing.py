"""The pre-flight of the levels that a grid which trails would reach: up to its limit or, without one, as many steps
again as it has grids."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from bots.core.rounding import as_price, ceil_to
from bots.core.slots import smallest_order, tradable
from bots.core.strategies.config import FieldError
from bots.core.strategies.grid import GridConfig
from bots.core.strategies.grid_funding import buy_quantity
from bots.core.strategies.grid_sizes import affordable, cost_of_buy
from bots.core.strategies.grid_window import DOWN, NAMES, UP, Window
from bots.core.types import ZERO, Market

FARTHEST = 2000  # steps looked ahead, whatever the limit
MARGIN = Decimal("1.02")
CENT = Decimal("0.01")


def trailing_failures(config: GridConfig, market: Market, quantity: Decimal) -> Iterator[FieldError]:
    """For each way the first level that could not be traded at, with the number that would fix it. `quantity` is what
    a slot trades at the begin."""
    window = Window(config, market)
    for way in window.ways:
        problems = list(_problems(window, config, way, quantity))
        if problems:
            least = max(problem.least or ZERO for problem in problems if problem.code == problems[0].code)
            yield replace(problems[0], least=least or None).failure()


@dataclass(frozen=True, slots=True)
class _Problem:
    window: Window
    config: GridConfig
    way: int
    taken: int  # steps that are no problem
    code: str
    words: str
    least: Decimal | None = None  # the investment that would fix it

    def failure(self) -> FieldError:
        field = f"trailing_{NAMES[self.way]}"
        limit = self.config.trailing_up_limit if self.way is UP else self.config.trailing_down_limit
        advice = " or ".join(filter(None, (self._limit(field), self._investment(), self._count())))
        advice = advice or f"leave {field} out"
        return FieldError(field if limit is None else f"{field}_limit", self.code, f"{self.words}: {advice}.")

    def _limit(self, field: str) -> str:
        """The last level before the one that cannot be traded at; two may round to one price."""
        way, ladder, end = self.way, self.window.ladder, self.window.count if self.way is UP else 0
        beyond = ladder[end + way * (self.taken + 1)]
        ends = (ladder[end + way * taken] for taken in range(self.taken, 0, -1))
        level = next((level for level in ends if level != beyond), None)
        if level is None:
            return ""
        return f"set {field}_limit to at {'most' if way is UP else 'least'} {as_price(level)}"

    def _investment(self) -> str:
        return "" if self.least is None else f"invest at least {as_price(self.least)}"

    def _count(self) -> str:
        if self.taken or self.code != "unprofitable":
            return ""
        fewer = range(self.config.grid_count - 1, 1, -1)
        fits = (count for count in fewer if not self._with(count).obstacle(0, self.way))
        count = next(fits, None)
        return f"use at most {count} grids" if count else ""

    def _with(self, count: int) -> Window:
        return Window(replace(self.config, grid_count=count), self.window.market)


def _problems(window: Window, config: GridConfig, way: int, quantity: Decimal) -> Iterator[_Problem]:
    market = window.market
    limit = config.trailing_up_limit if way is UP else config.trailing_down_limit
    for taken in range(window.count if limit is None else FARTHEST):
        lower, upper = window.reached(way * taken, way)
        if window.crosses_limit(lower, upper, way) is not None:
            return
        if obstacle := window.obstacle(way * taken, way):
            code = "too_low" if lower < market.tick else "unprofitable"
            yield _Problem(window, config, way, taken, code, obstacle[0].upper() + obstacle[1:])
            return
        slot = (taken if way is UP else -1 - taken) % window.count
        if least := _least(window, way, slot, (lower, upper), quantity):
            invest = ceil_to(config.investment * least / quantity * MARGIN, CENT)
            words = f"At {as_price(lower)} an order would be worth less than the exchange takes"
            yield _Problem(window, config, way, taken, "min_notional", words, invest)


def _least(
    window: Window, way: int, slot: int, levels: tuple[Decimal, Decimal], quantity: Decimal
) -> Decimal | None:
    """The quantity a slot must begin with where this one is too small for these levels."""
    (lower, upper), market = levels, window.market
    budget = cost_of_buy(quantity, window.ladder[slot], market)
    least = smallest_order(lower, market)
    if not tradable(affordable(budget, lower, market), lower, market):
        return ceil_to(quantity * cost_of_buy(least + market.lot, lower, market) / budget, market.lot)
    if way is DOWN and not tradable(quantity, upper, market):
        return buy_quantity(smallest_order(upper, market), market, market.maker_fee)
    return None
