"""The pre-flight's yes or no, without its advice: thousands of configs are asked."""

from collections.abc import Iterable
from decimal import Decimal

from bots.backtest.run import StrategyConfig
from bots.core.preflight_dca import preflight_dca
from bots.core.preflight_trailing import trailing_failures
from bots.core.slots import smallest_order
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.core.strategies.grid_funding import cost_of, fund
from bots.core.strategies.grid_levels import levels_of, profit_per_grid
from bots.core.types import ZERO, Market


def feasible(config: StrategyConfig, market: Market, prices: Iterable[Decimal]) -> list[bool]:
    """For each price: whether a bot that starts there passes its pre-flight. Says yes to some that trade more than the
    exchange takes in one order."""
    if isinstance(config, DCAConfig):
        return [preflight_dca(config, market, price, None).ok for price in prices]
    levels = levels_of(config, market)
    if not _sound(config, levels, market):
        return [False for _ in prices]
    return [_fits(config, levels, config.trigger_price or price, market) for price in prices]


def _sound(config: GridConfig, levels: list[Decimal], market: Market) -> bool:
    """What does not depend on where the price is."""
    return (
        levels[0] > 0
        and len(set(levels)) == len(levels)
        and config.grid_count <= market.max_orders
        and min(profit_per_grid(levels, Decimal(1), market)) > 0
    )


def _fits(config: GridConfig, levels: list[Decimal], price: Decimal, market: Market) -> bool:
    stop, take = config.stop_loss_price, config.take_profit_price
    if (stop is not None and stop >= price) or (take is not None and take <= price):
        return False
    least = smallest_order(levels[0], market)
    if cost_of(least, levels, price, ZERO, market) > config.investment:
        return False
    return not (config.trailing_up or config.trailing_down) or _can_trail(config, levels, price, market)


def _can_trail(config: GridConfig, levels: list[Decimal], price: Decimal, market: Market) -> bool:
    funding = fund(levels, price, config.investment, ZERO, market)
    return funding is not None and not any(trailing_failures(config, market, funding.quantity))
