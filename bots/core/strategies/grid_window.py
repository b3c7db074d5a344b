"""When the window of a grid moves along its levels, and what keeps it from moving."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from bots.core.rounding import as_price
from bots.core.strategies.base import Band
from bots.core.strategies.grid_levels import Ladder, Range, place_of, profit_per_unit
from bots.core.types import Market

UP, DOWN = 1, -1
NAMES = {UP: "up", DOWN: "down"}
HIGHEST = Decimal(10) ** 9  # a price that every column holds


class Trailing(Range, Protocol):
    @property
    def trailing_up(self) -> bool: ...
    @property
    def trailing_down(self) -> bool: ...
    @property
    def trailing_up_limit(self) -> Decimal | None: ...
    @property
    def trailing_down_limit(self) -> Decimal | None: ...


class Window:
    """`shift` is how many steps the window stands above where it began: it spans the levels shift to shift + n."""

    def __init__(self, grid: Trailing, market: Market) -> None:
        self.grid, self.market, self.count = grid, market, grid.grid_count
        self.ladder = Ladder(grid, market)
        self.ways = [way for way, on in ((UP, grid.trailing_up), (DOWN, grid.trailing_down)) if on]

    def place(self, slot: int, shift: int) -> int:
        return place_of(slot, shift, self.count)

    def threshold(self, shift: int, way: int) -> Decimal:
        """Where the price asks for the next step: one step beyond the window."""
        return self.ladder[shift + self.count + 1 if way is UP else shift - 1]

    def calls(self, price: Decimal, shift: int) -> int:
        """The way the price asks the window to move, 0 where it asks for none."""
        for way in self.ways:
            beyond = self.threshold(shift, way)
            if price >= beyond if way is UP else price <= beyond:
                return way
        return 0

    def steps(self, price: Decimal, shift: int) -> int:
        """How many steps it moves: up above 0, down below; at most once around."""
        taken, way = 0, self.calls(price, shift)
        while way and abs(taken) < self.count and self.calls(price, shift + taken) == way:
            if self.obstacle(shift + taken, way):
                break
            taken += way
        return taken

    def moving(self, shift: int, steps: int) -> Iterator[int]:
        """The slots that so many steps take to the other end, in their order."""
        for taken in range(abs(steps)):
            yield (shift + taken if steps > 0 else shift - 1 - taken) % self.count

    def obstacle(self, shift: int, way: int) -> str:
        """Why the window may not move one step further; "" where it may."""
        lower, upper = self.reached(shift, way)
        if limit := self.crosses_limit(lower, upper, way):
            return f"{as_price(limit)} is the limit"
        if lower < self.market.tick or upper > HIGHEST:
            return "there are no prices to trade at"
        if profit_per_unit(lower, upper, self.market) <= 0:
            return f"between {as_price(lower)} and {as_price(upper)} the fees would eat the profit"
        return ""

    def reached(self, shift: int, way: int) -> tuple[Decimal, Decimal]:
        """The two levels between which a slot would trade after one more step."""
        place = shift + self.count if way is UP else shift - 1
        return self.ladder[place], self.ladder[place + 1]

    def crosses_limit(self, lower: Decimal, upper: Decimal, way: int) -> Decimal | None:
        """The limit that this step would cross."""
        limit = self.grid.trailing_up_limit if way is UP else self.grid.trailing_down_limit
        if limit is None:
            return None
        crossed = upper > limit if way is UP else lower < limit
        return limit if crossed else None

    def bound(self, band: Band, price: Decimal, shift: int, ended: object) -> None:
        """The thresholds that are still to come; `ended` is the way that was found to be closed at this shift."""
        for way in self.ways:
            if ended != [shift, way]:
                band.bound(self.threshold(shift, way), price)

    def span(self, shift: int) -> str:
        return f"{as_price(self.ladder[shift])} to {as_price(self.ladder[shift + self.count])}"
