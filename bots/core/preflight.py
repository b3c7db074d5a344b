"""What must be true before a bot may start: each failure says what is wrong and the number that would fix it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bots.core.rounding import ceil_to, floor_to, plain, round8
from bots.core.strategies.config import FieldError
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig, buy_quantity, fund, holding_slots
from bots.core.strategies.grid_levels import levels_of, profit_per_grid
from bots.core.types import ZERO, Market

MARGIN = Decimal("1.02")  # a suggested number is rounded up by this much, so that it also fits a moment later


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
    if len(set(levels)) < len(levels):
        most = max(2, int((config.upper_price - config.lower_price) / market.tick))
        check.fail(
            "grid_count",
            "levels_equal",
            f"Levels fall onto the same price: the tick is "
            f"{plain(market.tick)}. Use at most {min(most, 500)} grids or a wider range.",
        )
        return check
    if levels[0] <= 0:
        check.fail("lower_price", "too_low", f"Must be at least one tick: {plain(market.tick)}.")
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
    _check_size(
        check, config, levels, price=start, market=market, quantity=funding.quantity if funding else ZERO
    )
    if funds is not None and funds < budget:
        check.fail(
            "investment",
            "insufficient_balance",
            f"The account has {plain(funds)} {market.quote} free: "
            f"invest at most that, or add {plain(budget - funds)} {market.quote}.",
        )
    if funding is None:
        return check
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


def _check_size(
    check: Preflight,
    config: GridConfig,
    levels: list[Decimal],
    *,
    price: Decimal,
    market: Market,
    quantity: Decimal,
) -> None:
    """The smallest order is a buy at the lowest level. What it needs grows in proportion to the investment."""
    needed = max(ceil_to(market.min_notional / levels[0], market.lot), market.min_quantity, market.lot)
    if quantity >= needed:
        if quantity > market.max_quantity > 0:
            check.fail(
                "investment",
                "too_large",
                f"One slot would trade {plain(quantity)} {market.base}; "
                f"the exchange takes at most {plain(market.max_quantity)}.",
            )
        return
    holding = set(holding_slots(levels, price))
    buy = buy_quantity(needed, market, market.taker_fee)
    cost = sum((buy * (price if i in holding else level) for i, level in enumerate(levels[:-1])), ZERO)
    least = ceil_to(cost * MARGIN, Decimal("0.01"))
    most = int(config.grid_count * config.investment / least)
    advice = f", or use at most {most} grids" if most >= 2 else ""
    check.fail(
        "investment",
        "min_notional",
        f"Each order must be worth at least {plain(market.min_notional)} "
        f"{market.quote}: invest at least {plain(least)}{advice}.",
    )


def _check_profit(
    check: Preflight, config: GridConfig, levels: list[Decimal], profits: list[Decimal], market: Market
) -> None:
    worst = profits.index(min(profits))
    if profits[worst] > 0:
        return
    step = levels[worst] * (2 * market.maker_fee) * MARGIN
    most = int((config.upper_price - config.lower_price) / step) if step else config.grid_count
    check.fail(
        "grid_count",
        "unprofitable",
        f"Between {plain(levels[worst])} and {plain(levels[worst + 1])} the "
        f"fees eat the profit: use at most {max(most, 1)} grids or a wider range.",
    )


def preflight_dca(config: DCAConfig, market: Market, price: Decimal, funds: Decimal | None) -> Preflight:
    check = Preflight()
    least = max(market.min_notional, market.min_quantity * price) * MARGIN
    lots = floor_to(config.amount / price, market.market_lot or market.lot)
    if (
        config.amount < market.min_notional
        or lots < market.min_quantity
        or lots * price < market.min_notional
    ):
        step = (market.market_lot or market.lot) * price
        check.fail(
            "amount",
            "min_notional",
            f"Each buy must be worth at least {plain(market.min_notional)} "
            f"{market.quote}: use at least {plain(ceil_to(least + step, Decimal('0.01')))}.",
        )
    for number in range(1, config.max_orders + 1):
        if config.safety_amount(number) < least:
            check.fail(
                "volume_scale",
                "min_notional",
                f"Safety order {number} would be worth "
                f"{plain(round8(config.safety_amount(number)))} {market.quote}, below the exchange's minimum: "
                f"raise amount or volume_scale, or lower max_orders.",
            )
            break
    if config.max_orders + 1 > market.max_orders:
        check.fail("max_orders", "too_many_orders", f"Use at most {market.max_orders - 1}.")
    fees = (market.maker_fee + market.taker_fee) * 100
    if config.take_profit is not None and config.take_profit <= fees:
        check.fail(
            "take_profit", "unprofitable", f"Must be above the fees of buying and selling: {plain(fees)} %."
        )
    if funds is not None and funds < config.full_cycle:
        check.fail(
            "amount",
            "insufficient_balance",
            f"One full cycle needs {plain(config.full_cycle)} "
            f"{market.quote} and the account has {plain(funds)} free.",
        )
    check.summary = {
        "price": price,
        "full_cycle": config.full_cycle,
        "quantity_first_buy": lots,
        "safety_orders": [
            {
                "price": floor_to(price * (1 - config.safety_drop(i) / 100), market.tick),
                "amount": round8(config.safety_amount(i)),
            }
            for i in range(1, config.max_orders + 1)
        ],
    }
    return check
