"""A grid that follows the price: which slots go where, with how much, and when it stays."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given

from bots.core.strategies.grid import GridConfig, GridStrategy
from bots.core.strategies.grid_levels import levels_of, place_of
from bots.core.strategies.grid_sizes import affordable, cost_of_buy
from bots.core.tests.strategies import markets, places
from bots.core.tests.world import BTC, UNPACED, World
from bots.core.types import Market, OrderReport, Side

COIN = replace(BTC, symbol="COIN/USDT", base="COIN", lot=Decimal("0.001"), min_quantity=Decimal("0.001"))
GRID = GridConfig(Decimal(80), Decimal(120), 4, Decimal(1000), trailing_up=True, trailing_down=True)
FAR = replace(UNPACED, max_price_deviation=Decimal(5))


def bot(price: int | str = 100, market: Market = COIN, **change: object) -> World:
    return World(replace(GRID, **change), market, Decimal(price), limits=FAR).start()


def grid_of(world: World) -> GridStrategy:
    assert isinstance(world.engine.strategy, GridStrategy)
    return world.engine.strategy


def sides(world: World) -> dict[int, tuple[str, Decimal | None]]:
    return {slot: (side.value, price) for slot, (side, price, _, _) in sorted(world.open().items())}


def prices(world: World) -> list[Decimal]:
    return sorted(price for _, price, _, _ in world.open().values() if price)


def moves(world: World) -> int:
    return world.store.told.count("grid_moved")


@given(markets(), places("0.0001", "70000", 4))
def test_what_a_quantity_costs_pays_for_that_quantity_and_for_no_more(market: Market, price: Decimal) -> None:
    for lots in (1, 7, 998, 12_345):
        quantity = lots * market.lot
        budget = cost_of_buy(quantity, price, market)
        assert affordable(budget, price, market) == quantity
        assert affordable(budget - market.tick * market.lot / 1000, price, market) < quantity


@pytest.mark.parametrize("spacing", ["arithmetic", "geometric"])
def test_the_window_is_a_part_of_one_ladder_on_which_each_slot_has_one_place(spacing: str) -> None:
    config = replace(GRID, spacing=spacing)
    for shift in range(-9, 9):
        levels, further = (levels_of(config, COIN, each) for each in (shift, shift + 1))
        assert levels[1:] == further[:-1]
        held = sorted(place_of(slot, shift, 4) for slot in range(4))
        assert held == list(range(shift, shift + 4))


def test_a_step_above_the_range_the_lowest_slot_goes_to_the_top_and_buys_there() -> None:
    world = bot()
    world.tick("129.99")
    assert sides(world)[0] == ("buy", 80)
    assert moves(world) == 0
    world.tick(130)
    assert sides(world) == {0: ("buy", 120), 1: ("buy", 90), 2: ("buy", 100), 3: ("buy", 110)}
    assert (moves(world), world.store.memory["shift"]) == (1, 1)


def test_a_moved_slot_buys_what_its_old_order_would_have_cost() -> None:
    world = bot()
    budget = cost_of_buy(grid_of(world).quantity, Decimal(80), COIN)
    world.tick(130)
    moved = grid_of(world).quantity_of(0)
    assert cost_of_buy(moved, Decimal(120), COIN) <= budget
    assert cost_of_buy(moved + 2 * COIN.lot, Decimal(120), COIN) > budget
    assert grid_of(world).quantity_of(1) == grid_of(world).quantity


def test_a_jump_moves_all_slots_concerned_at_once_and_sends_each_of_them_one_order() -> None:
    world = bot()
    world.tick("121")
    before = len(world.exchange.sent)
    world.tick(151)
    assert prices(world) == [110, 120, 130, 140]
    assert (len(world.exchange.sent) - before, moves(world)) == (3, 1)
    world.tick(1000)
    assert prices(world) == [960, 970, 980, 990]
    assert len(world.exchange.sent) - before == 3 + 4


def test_the_window_ends_at_its_limit_and_says_so_once() -> None:
    world = bot(trailing_up_limit=Decimal(140))
    world.tick(500)
    world.tick(600)
    assert world.store.memory["shift"] == 2
    assert moves(world) == 2  # the move, and that it was the last
    assert world.engine.band.high is None


def test_where_the_fees_would_eat_the_profit_the_window_stays() -> None:
    world = bot(market=replace(COIN, maker_fee=Decimal("0.02")))
    world.tick(1000)
    top = max(prices(world))
    assert (top + 10) * Decimal("0.98") > top / Decimal("0.98")
    assert (top + 20) * Decimal("0.98") <= (top + 10) / Decimal("0.98")


def test_a_step_below_the_range_the_highest_slot_sells_what_it_holds_at_the_lower_end() -> None:
    world = bot()
    world.tick("70.01")
    assert sides(world)[3] == ("sell", 120)
    held = world.open()[3][2]
    world.tick(70)
    assert sides(world) == {0: ("sell", 90), 1: ("sell", 100), 2: ("sell", 110), 3: ("sell", 80)}
    assert world.open()[3][2:] == (held, 0)  # the same base, in the same cycle
    assert world.store.memory["shift"] == -1


def test_after_a_sale_below_its_cost_a_slot_trades_with_what_is_left() -> None:
    world = bot()
    world.tick(70)
    world.tick("80.01")
    assert sides(world)[3] == ("buy", 70)
    brought = grid_of(world).quantity * 80 * Decimal("0.999")
    assert cost_of_buy(grid_of(world).quantity_of(3), Decimal(70), COIN) <= brought
    assert Decimal(world.store.memory["budgets"]["3"]) == brought


def test_the_loss_of_a_cycle_of_its_own_makes_a_slot_smaller_too() -> None:
    world = bot(121)
    world.tick("109.9")  # slot 3 buys at 110
    world.tick(70)
    world.tick("80.01")  # and sells at 80
    assert world.store.slots[3].profit < 0
    own = cost_of_buy(grid_of(world).quantity, Decimal(110), COIN)
    buys = cost_of_buy(grid_of(world).quantity_of(3), Decimal(70), COIN)
    assert buys <= own + world.store.slots[3].profit < own


def test_a_slot_that_holds_nothing_just_moves_down_and_waits_to_buy() -> None:
    world = bot(121, post_only=True)
    world.exchange.faults += ["refused"] * 200
    world.tick(70)
    world.exchange.faults.clear()
    world.wait(600_000)
    world.tick("70.5")
    assert grid_of(world).lower(3) == 70
    assert world.store.slots[3].cycles == 0


def test_what_was_bought_of_the_lowest_order_goes_up_with_its_slot_and_is_sold_there() -> None:
    world = bot(85)
    world.exchange.trade(Side.SELL, Decimal(80), Decimal("0.5"))
    world.settle()
    world.tick(130)
    world.tick("129.9")
    assert world.open()[0] == (Side.SELL, 130, Decimal("0.499"), 0)
    world.tick("130.1")
    assert sides(world)[0] == ("buy", 120)
    assert world.store.slots[0].profit > 0


def test_a_restart_finds_the_window_and_the_quantities_where_they_were() -> None:
    world = bot(reinvest=True)
    for price in (90, 100, 141, 105, 62, 81):
        world.tick(price)
        before = world.open()
        quantities = [grid_of(world).quantity_of(slot) for slot in range(4)]
        world.restart()
        world.settle()
        assert world.open() == before
        assert [grid_of(world).quantity_of(slot) for slot in range(4)] == quantities


@pytest.mark.parametrize("reinvest", [True, False])
def test_profit_makes_the_next_orders_larger_only_where_it_is_reinvested(reinvest: bool) -> None:
    world = bot(trailing_up=False, trailing_down=False, reinvest=reinvest)
    first = grid_of(world).quantity
    for _ in range(10):
        world.tick("89.99")
        world.tick("100.01")
    earned, grown = world.store.slots[1].profit, grid_of(world).quantity_of(1)
    assert (grown > first) == reinvest
    assert cost_of_buy(grown, Decimal(90), COIN) <= cost_of_buy(first, Decimal(90), COIN) + earned
    assert grid_of(world).quantity_of(0) == first


def test_the_profit_of_an_earlier_run_is_not_reinvested_twice() -> None:
    world = bot(reinvest=True)
    for _ in range(10):
        world.tick("89.99")
        world.tick("100.01")
    world.stop("sell")
    world.new_run()
    assert grid_of(world).quantity_of(1) == grid_of(world).quantity


def test_a_slot_whose_money_pays_for_no_order_at_its_new_level_is_idle_and_says_why() -> None:
    world = bot(market=replace(COIN, lot=Decimal(1), min_quantity=Decimal(1)))
    world.tick(300)
    assert grid_of(world).shift > 0
    assert world.open() == {}
    assert all(
        reason.startswith("too_small: ") for reason in map(world.store.reasons.get, range(4)) if reason
    )


def test_cancels_that_are_only_acknowledged_do_not_make_a_move_a_runaway(monkeypatch) -> None:
    world = World(GRID, COIN, Decimal(71), limits=replace(FAR, max_orders_per_minute=2)).start()
    world.wait(61_000)
    world.wait(61_000)
    world.wait(61_000)
    assert len(world.open()) == 4
    cancel = world.exchange.cancel_order

    async def acknowledge(symbol: str, client_id: str) -> OrderReport:
        before = world.exchange.placed[client_id].report
        await cancel(symbol, client_id)
        return before  # that it is gone comes by the stream

    monkeypatch.setattr(world.exchange, "cancel_order", acknowledge)
    world.tick(40)
    world.wait(61_000)
    assert world.store.stop is None
    assert prices(world) == [50, 60, 70, 80]
    assert "cancelled_outside" not in world.store.told


def test_under_a_halt_the_window_stays_where_it_is() -> None:
    world = bot()
    world.engine.risk_manager.halt = "all trading is halted"
    world.tick(200)
    assert "shift" not in world.store.memory


def test_a_window_that_never_moves_trades_as_a_grid_without_the_option() -> None:
    trailing, plain = bot(), bot(trailing_up=False, trailing_down=False)
    for world in (trailing, plain):
        random = Random(5)
        for _ in range(60):
            world.tick(round(Decimal(random.uniform(70.5, 129.5)), 2))
    assert trailing.exchange.sent == plain.exchange.sent
    assert len(plain.exchange.sent) > 30
