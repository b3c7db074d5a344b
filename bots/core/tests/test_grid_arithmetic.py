"""Levels and funding of a grid: on the tick, on the lot, and never more than the investment."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import given

from bots.core.preflight import preflight_grid
from bots.core.slots import tradable
from bots.core.strategies.grid import GridConfig
from bots.core.strategies.grid_funding import buy_quantity, cost_of, fund, holding_slots
from bots.core.strategies.grid_levels import levels_of, profit_per_grid
from bots.core.tests.strategies import MARKET, grids, markets, places
from bots.core.types import Market

PRICE = Decimal(100)


@given(grids(), markets())
def test_levels_lie_on_the_tick_in_order_and_near_their_exact_place(
    config: GridConfig, market: Market
) -> None:
    levels = levels_of(config, market)
    assert len(levels) == config.grid_count + 1
    assert all(level % market.tick == 0 for level in levels)
    assert all(low <= high for low, high in pairwise(levels))
    assert abs(levels[0] - config.lower_price) <= market.tick / 2
    assert abs(levels[-1] - config.upper_price) <= market.tick / 2
    for number, level in enumerate(levels):
        share = Decimal(number) / config.grid_count
        if config.spacing == "geometric":
            exact = config.lower_price * (config.upper_price / config.lower_price) ** share
        else:
            exact = config.lower_price + (config.upper_price - config.lower_price) * share
        assert abs(level - exact) <= market.tick / 2 + Decimal("1e-15")


@given(grids(), markets(), places("0", "50", 5))
def test_the_funding_is_the_largest_that_the_money_pays_for(
    config: GridConfig, market: Market, held: Decimal
) -> None:
    levels = levels_of(config, replace(market, tick=Decimal("0.00001")))
    funding = fund(levels, PRICE, config.investment, held, market)
    if funding is None:
        assert cost_of(market.lot, levels, PRICE, held, market) > config.investment
        return
    assert funding.quantity % market.lot == 0
    assert cost_of(funding.quantity, levels, PRICE, held, market) <= config.investment
    assert cost_of(funding.quantity + market.lot, levels, PRICE, held, market) > config.investment
    assert funding.holding == holding_slots(levels, PRICE)
    wanted = max(Decimal(0), funding.quantity * len(funding.holding) - held)
    assert funding.purchase in (wanted, 0)
    assert funding.purchase == wanted or wanted * PRICE < market.min_notional


@given(places("0.00001", "100", 5), markets())
def test_a_buy_leaves_what_is_needed_after_its_fee_and_less_than_a_lot_more(
    needed: Decimal, market: Market
) -> None:
    asked = buy_quantity(needed, market, market.taker_fee)
    assert asked % market.lot == 0
    left = 1 - market.taker_fee if market.fee_in_base_on_buy else Decimal(1)
    assert asked * left >= needed
    assert (asked - market.lot) * left < needed


@given(grids(), markets())
def test_a_grid_that_passes_its_preflight_trades_every_slot_at_a_profit(
    config: GridConfig, market: Market
) -> None:
    check = preflight_grid(config, market, PRICE, config.investment)
    if not check.ok:
        return
    levels, quantity = check.summary["levels"], check.summary["quantity_per_slot"]
    assert all(tradable(quantity, level, market) for level in levels)
    assert min(profit_per_grid(levels, quantity, market)) > 0


def test_slots_at_or_above_the_price_hold_and_the_one_around_it_waits() -> None:
    levels = [Decimal(number) for number in (80, 90, 100, 110, 120)]
    assert holding_slots(levels, Decimal(100)) == (2, 3)
    assert holding_slots(levels, Decimal(101)) == (3,)
    assert holding_slots(levels, Decimal(79)) == (0, 1, 2, 3)
    assert holding_slots(levels, Decimal(120)) == ()


def test_profit_per_grid_counts_both_fees() -> None:
    [profit] = profit_per_grid(
        [Decimal(100), Decimal(110)], Decimal(1), replace(MARKET, fee_in_base_on_buy=False)
    )
    assert profit == Decimal(110) * Decimal("0.999") - Decimal(100) * Decimal("1.001")
    [in_base] = profit_per_grid([Decimal(100), Decimal(110)], Decimal(1), MARKET)
    assert in_base == Decimal(110) * Decimal("0.999") - Decimal(100) / Decimal("0.999")
