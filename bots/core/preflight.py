"""What must be true before a grid bot may start: each failure says what is wrong and the number that would fix it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from bots.core.preflight_trailing import trailing_failures
from bots.core.rounding import as_price, as_quantity, ceil_to, floor_to, plain, round8
from bots.core.slots import smallest_order
from bots.core.strategies.config import LARGEST, FieldError
from bots.core.strategies.grid import GridConfig
from bots.core.strategies.grid_funding import GridFunding, buy_quantity, cost_of, fund, kept
from bots.core.strategies.grid_levels import levels_of, profit_per_grid
from bots.core.types import ZERO, Market

MARGIN = Decimal("1.02")  # a suggested number is rounded up by this much, so that it also fits a moment later
CENT = Decimal("0.01")
MOST_GRIDS = 500


@dataclass(slots=True)
class Preflight:
    failures: list[FieldError] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.failures

    def fail(self, name: str, code: str, detail: str) -> None:
        self.failures.append(FieldError(name, code, detail))


def preflight_grid(
    config: GridConfig,
    market: Market,
    price: Decimal,
    funds: Decimal | None,
    *,
    held: Decimal = ZERO,
    budget: Decimal | None = None,
) -> Preflight:
    """`price` now, `funds` the free quote of the account (None: not known). For a further run: `held`, the base
    an earlier one left, and `budget`, the quote it left (None: the whole investment)."""
    budget = config.investment if budget is None else budget
    check = Preflight()
    levels = levels_of(config, market)
    _check_levels(check, config, levels, market)
    if not check.ok:
        return check
    if config.grid_count > market.max_orders:
        detail = (
            f"{market.symbol} allows {market.max_orders} open orders: use at most {market.max_orders} grids."
        )
        check.fail("grid_count", "too_many_orders", detail)
    start = config.trigger_price or price
    _check_guards(check, config, start)
    funding = fund(levels, start, budget, held, market)
    quantity = funding.quantity if funding else ZERO
    _check_size(check, config, market, quantity=quantity, start=start, budget=budget, held=held)
    _check_funds(check, market, funds, budget)
    if funding is not None:
        _check_amount(check, config, quantity, market)
        profits = profit_per_grid(levels, quantity, market)
        _check_profit(check, config, levels, profits, market)
        if check.ok:
            check.failures += trailing_failures(config, market, quantity)
        check.summary = _grid_summary(levels, funding, profits, price)
    return check


def _check_funds(check: Preflight, market: Market, funds: Decimal | None, budget: Decimal) -> None:
    if funds is not None and funds < budget:
        free, lacks = as_price(funds), as_price(budget - funds)
        detail = (
            f"The account has {free} {market.quote} free: invest at most that, or add {lacks} {market.quote}."
        )
        check.fail("investment", "insufficient_balance", detail)


def _grid_summary(
    levels: list[Decimal], funding: GridFunding, profits: list[Decimal], price: Decimal
) -> dict[str, Any]:
    quantity = funding.quantity
    return {
        "levels": levels,
        "quantity_per_slot": quantity,
        "initial_purchase": funding.purchase,
        "profit_per_grid_min": round8(min(profits)),
        "profit_per_grid_max": round8(max(profits)),
        "profit_per_grid_min_percent": round8(min(profits) / (quantity * levels[-2]) * 100),
        "profit_per_grid_max_percent": round8(max(profits) / (quantity * levels[0]) * 100),
        "price": price,
    }


def _check_levels(check: Preflight, config: GridConfig, levels: list[Decimal], market: Market) -> None:
    tick = plain(market.tick)
    if levels[0] <= 0:
        check.fail("lower_price", "too_low", f"Must be at least one tick: {tick}.")
    elif not _distinct(config, market):
        most = int((config.upper_price - config.lower_price) / market.tick) + 1
        advice = _advise_count(config, market, most, lambda grid: _distinct(grid, market))
        detail = f"Levels fall onto the same price: the tick is {tick}. {advice}"
        check.fail("grid_count", "levels_equal", detail)


def _check_guards(check: Preflight, config: GridConfig, price: Decimal) -> None:
    if config.stop_loss_price is not None and config.stop_loss_price >= price:
        check.fail("stop_loss_price", "range", f"Must be below the price at the start ({as_price(price)}).")
    if config.take_profit_price is not None and config.take_profit_price <= price:
        check.fail("take_profit_price", "range", f"Must be above the price at the start ({as_price(price)}).")


def _distinct(config: GridConfig, market: Market) -> bool:
    levels = levels_of(config, market)
    return levels[0] > 0 and len(set(levels)) == len(levels)


def _largest_count(config: GridConfig, most: int, fits: Callable[[GridConfig], bool]) -> int | None:
    """The largest number of grids below the config's, and at most `most`, that fits."""
    counts = range(min(most, config.grid_count - 1, MOST_GRIDS), 1, -1)
    return next((count for count in counts if fits(replace(config, grid_count=count))), None)


def _advise_count(config: GridConfig, market: Market, most: int, fits: Callable[[GridConfig], bool]) -> str:
    count = _largest_count(config, most, fits)
    if count is not None:
        return f"Use at most {count} grids or a wider range."
    wide = config.lower_price * (1 + 5 * market.maker_fee) + 4 * market.tick
    return f"Use 2 grids and an upper_price of at least {as_price(ceil_to(wide, market.tick))}."


def _check_size(
    check: Preflight,
    config: GridConfig,
    market: Market,
    *,
    quantity: Decimal,
    start: Decimal,
    budget: Decimal,
    held: Decimal,
) -> None:
    """The smallest order is a buy at the lowest level."""
    levels = levels_of(config, market)
    needed = smallest_order(levels[0], market)
    if quantity < needed:
        least = ceil_to(cost_of(needed, levels, start, held, market) * MARGIN, CENT)

        def fits(grid: GridConfig) -> bool:
            funding = fund(levels_of(grid, market), start, budget, held, market)
            return funding is not None and funding.quantity >= needed

        most = _largest_count(config, int(config.grid_count * budget / least) + 2, fits)
        advice = f", or use at most {most} grids" if most else ""
        check.fail(
            "investment",
            "min_notional",
            f"Each order must be worth at least {as_price(market.min_notional)} "
            f"{market.quote}: invest at least {as_price(least)}{advice}.",
        )
    largest = floor_to(market.max_quantity, market.lot)
    if quantity and buy_quantity(quantity, market, market.maker_fee) > largest > 0:
        allowed = floor_to(largest * kept(market, market.maker_fee), market.lot)
        top = floor_to(cost_of(allowed, levels, start, held, market), CENT)
        check.fail(
            "investment",
            "too_large",
            f"One slot would trade {as_quantity(quantity)} {market.base}; the exchange takes at most "
            f"{as_quantity(largest)}: invest at most {as_price(top)}.",
        )


def _check_profit(
    check: Preflight, config: GridConfig, levels: list[Decimal], profits: list[Decimal], market: Market
) -> None:
    worst = profits.index(min(profits))
    if profits[worst] > 0:
        return

    def fits(grid: GridConfig) -> bool:
        return (
            _distinct(grid, market) and min(profit_per_grid(levels_of(grid, market), Decimal(1), market)) > 0
        )

    most = int((config.upper_price / config.lower_price).ln() / (2 * market.maker_fee)) + 1
    check.fail(
        "grid_count",
        "unprofitable",
        f"Between {as_price(levels[worst])} and {as_price(levels[worst + 1])} the fees eat the profit. "
        f"{_advise_count(config, market, most, fits)}",
    )


def _check_amount(check: Preflight, config: GridConfig, quantity: Decimal, market: Market) -> None:
    """The ledger's columns hold quantities below 10,000,000,000; of a very cheap coin that is little money."""
    whole = quantity * config.grid_count
    if whole > LARGEST:
        most = floor_to(config.investment * LARGEST / whole / MARGIN, CENT)
        check.fail(
            "investment",
            "too_large",
            f"The grid would trade {as_quantity(whole)} {market.base}, more than can be kept: "
            f"invest at most {as_price(most)}.",
        )
