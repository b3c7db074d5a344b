"""What must be true before a bot may start: each failure says what is wrong and the number that would fix it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from bots.core.rounding import ceil_to, floor_to, plain, round8
from bots.core.slots import market_quantity, smallest_order, tradable
from bots.core.strategies.config import LARGEST, FieldError
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig, buy_quantity, cost_of, fund, kept
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
    if levels[0] <= 0:
        check.fail("lower_price", "too_low", f"Must be at least one tick: {plain(market.tick)}.")
        return check
    if not _distinct(config, market):
        most = int((config.upper_price - config.lower_price) / market.tick) + 1
        advice = _advise_count(config, market, most, lambda grid: _distinct(grid, market))
        check.fail(
            "grid_count",
            "levels_equal",
            f"Levels fall onto the same price: the tick is {plain(market.tick)}. {advice}",
        )
        return check
    if config.grid_count > market.max_orders:
        check.fail(
            "grid_count",
            "too_many_orders",
            f"{market.symbol} allows {market.max_orders} open orders: use at most {market.max_orders} grids.",
        )
    start = config.trigger_price or price
    _check_guards(check, config, start)
    funding = fund(levels, start, budget, held, market)
    quantity = funding.quantity if funding else ZERO
    _check_size(check, config, market, quantity=quantity, start=start, budget=budget, held=held)
    if funds is not None and funds < budget:
        check.fail(
            "investment",
            "insufficient_balance",
            f"The account has {plain(funds)} {market.quote} free: "
            f"invest at most that, or add {plain(budget - funds)} {market.quote}.",
        )
    if funding is None:
        return check
    _check_amount(check, config, funding.quantity, market)
    profits = profit_per_grid(levels, funding.quantity, market)
    _check_profit(check, config, levels, profits, market)
    check.summary = {
        "levels": levels,
        "quantity_per_slot": funding.quantity,
        "initial_purchase": funding.purchase,
        "profit_per_grid_min": round8(min(profits)),
        "profit_per_grid_max": round8(max(profits)),
        "profit_per_grid_min_percent": round8(min(profits) / (funding.quantity * levels[-2]) * 100),
        "profit_per_grid_max_percent": round8(max(profits) / (funding.quantity * levels[0]) * 100),
        "price": price,
    }
    return check


def _check_guards(check: Preflight, config: GridConfig, price: Decimal) -> None:
    if config.stop_loss_price is not None and config.stop_loss_price >= price:
        check.fail("stop_loss_price", "range", f"Must be below the price at the start ({plain(price)}).")
    if config.take_profit_price is not None and config.take_profit_price <= price:
        check.fail("take_profit_price", "range", f"Must be above the price at the start ({plain(price)}).")


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
    return f"Use 2 grids and an upper_price of at least {plain(ceil_to(wide, market.tick))}."


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
            f"Each order must be worth at least {plain(market.min_notional)} "
            f"{market.quote}: invest at least {plain(least)}{advice}.",
        )
    largest = floor_to(market.max_quantity, market.lot)
    if quantity and buy_quantity(quantity, market, market.maker_fee) > largest > 0:
        allowed = floor_to(largest * kept(market, market.maker_fee), market.lot)
        top = floor_to(cost_of(allowed, levels, start, held, market), CENT)
        check.fail(
            "investment",
            "too_large",
            f"One slot would trade {plain(quantity)} {market.base}; the exchange takes at most "
            f"{plain(largest)}: invest at most {plain(top)}.",
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
        f"Between {plain(levels[worst])} and {plain(levels[worst + 1])} the fees eat the profit. "
        f"{_advise_count(config, market, most, fits)}",
    )


def _safety_prices(config: DCAConfig, market: Market, price: Decimal) -> list[Decimal]:
    drops = (config.safety_drop(number) for number in range(1, config.max_orders + 1))
    return [floor_to(price * (1 - drop / 100), market.tick) for drop in drops]


def _least_amount(config: DCAConfig, market: Market, price: Decimal) -> Decimal:
    """The amount from which on every buy is an order the exchange takes and the base order can be sold again."""
    lot = market.market_lot or market.lot
    least = ceil_to(smallest_order(price, market) / kept(market, market.taker_fee), lot) * price
    for number, level in enumerate(_safety_prices(config, market, price), start=1):
        if level > 0:
            needed = smallest_order(level, market) * level
            least = max(least, needed / config.volume_scale**number)
    return least


def _buys_fit(config: DCAConfig, market: Market, price: Decimal) -> bool:
    lots = market_quantity(config.amount / price, market)
    sellable = floor_to(lots * kept(market, market.taker_fee), market.lot)
    return tradable(sellable, price, market) and all(
        tradable(floor_to(config.safety_amount(number) / level, market.lot), level, market)
        for number, level in enumerate(_safety_prices(config, market, price), start=1)
        if level > 0
    )


def _check_amount(check: Preflight, config: GridConfig, quantity: Decimal, market: Market) -> None:
    """The ledger's columns hold quantities below 10,000,000,000; of a very cheap coin that is little money."""
    whole = quantity * config.grid_count
    if whole > LARGEST:
        most = floor_to(config.investment * LARGEST / whole / MARGIN, CENT)
        check.fail(
            "investment",
            "too_large",
            f"The grid would trade {plain(whole)} {market.base}, more than can be kept: invest at most {plain(most)}.",
        )


def preflight_dca(config: DCAConfig, market: Market, price: Decimal, funds: Decimal | None) -> Preflight:
    check = Preflight()
    levels = _safety_prices(config, market, price)
    if config.investment / min([price, *filter(None, levels)]) > LARGEST:
        field = "max_investment" if config.max_investment else "amount"
        check.fail(
            field, "too_large", f"A deal would hold more {market.base} than can be kept: lower {field}."
        )
    if not _buys_fit(config, market, price):
        least = ceil_to(_least_amount(config, market, price) * MARGIN, CENT)
        check.fail(
            "amount",
            "min_notional",
            f"Each buy must be worth at least {plain(market.min_notional)} {market.quote}, and be enough to sell "
            f"again after its fee: use at least {plain(least)}.",
        )
    if ZERO in levels:
        check.fail(
            "max_orders",
            "too_low",
            f"Safety orders would fall below one tick: use at most {levels.index(ZERO)}.",
        )
    if config.max_orders + 1 > market.max_orders:
        check.fail("max_orders", "too_many_orders", f"Use at most {market.max_orders - 1}.")
    fees = (market.maker_fee + market.taker_fee) * 100
    if config.take_profit is not None and config.take_profit <= fees:
        check.fail(
            "take_profit", "unprofitable", f"Must be above the fees of buying and selling: {plain(fees)} %."
        )
    needed = min(config.full_cycle, config.investment)
    if funds is not None and funds < needed:
        check.fail(
            "amount",
            "insufficient_balance",
            f"One full cycle needs {plain(needed)} {market.quote} and the account has {plain(funds)} free: "
            f"add {plain(needed - funds)} {market.quote}.",
        )
    check.summary = {
        "price": price,
        "full_cycle": config.full_cycle,
        "quantity_first_buy": market_quantity(config.amount / price, market),
        "safety_orders": [
            {"price": level, "amount": round8(config.safety_amount(number))}
            for number, level in enumerate(levels, start=1)
        ],
    }
    return check
