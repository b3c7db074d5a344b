"""What a user expects of a grid bot, in a world where everything works."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from bots.core.risk import RiskLimits
from bots.core.rounding import round8
from bots.core.slots import PURCHASE_SLOT
from bots.core.strategies.grid import GridConfig, GridStrategy
from bots.core.tests.world import BTC, UNPACED, World
from bots.core.types import ZERO, OrderType, Side

COIN = replace(BTC, symbol="COIN/USDT", base="COIN", lot=Decimal("0.001"), min_quantity=Decimal("0.001"))
GRID = GridConfig(Decimal(80), Decimal(120), 4, Decimal(1000))  # levels 80 90 100 110 120


FAR = replace(UNPACED, max_price_deviation=Decimal("0.5"))


def bot(price: int | str = 100, limits: RiskLimits = FAR, **change: object) -> World:
    config = replace(GRID, **change)
    return World(config, COIN, Decimal(price), limits=limits).start()


def grid_of(world: World) -> GridStrategy:
    assert isinstance(world.engine.strategy, GridStrategy)
    return world.engine.strategy


def sides(world: World) -> dict[int, tuple[str, Decimal | None]]:
    return {slot: (side.value, price) for slot, (side, price, _, _) in sorted(world.open().items())}


def test_slots_at_or_above_the_price_hold_from_the_start_and_the_others_wait_to_buy() -> None:
    world = bot()
    purchase = world.exchange.sent[0]
    quantity = grid_of(world).quantity
    assert (purchase.side, purchase.type) == (Side.BUY, OrderType.MARKET)
    assert purchase.quantity * Decimal("0.999") >= 2 * quantity
    assert sides(world) == {0: ("buy", 80), 1: ("buy", 90), 2: ("sell", 110), 3: ("sell", 120)}


def test_the_slot_that_contains_the_price_waits_to_buy() -> None:
    assert sides(bot(105)) == {0: ("buy", 80), 1: ("buy", 90), 2: ("buy", 100), 3: ("sell", 120)}


def test_a_filled_buy_sells_one_level_higher_and_a_filled_sell_buys_again() -> None:
    world = bot()
    world.tick("89.99")
    assert sides(world)[1] == ("sell", 100)
    world.tick("100.01")
    assert sides(world)[1] == ("buy", 90)
    assert world.store.slots[1].cycles == 1


def test_the_profit_of_a_cycle_is_what_it_received_less_what_the_sold_base_had_cost() -> None:
    world = bot()
    world.tick("89.99")
    world.tick("100.01")
    [cycle] = [state for state in world.store.closed if state.slot == 1]
    quantity = grid_of(world).quantity
    assert cycle.received == quantity * 100 * Decimal("0.999")
    cost = round8(cycle.spent * cycle.sold / cycle.bought)
    assert world.store.slots[1].profit == cycle.received - cost > 0


def test_inventory_bought_at_the_start_is_no_grid_profit() -> None:
    world = bot()
    world.tick("110.01")
    assert world.store.slots[2].cycles == 1
    assert world.store.slots[2].profit == 0
    assert world.store.position.realized > 0


def test_above_its_range_a_grid_only_waits_and_below_it_buys_all() -> None:
    assert [side for side, _ in sides(bot(121)).values()] == ["buy"] * 4
    assert [side for side, _ in sides(bot(80)).values()] == ["sell"] * 4


def test_an_order_farther_than_the_limit_waits_until_the_market_comes_near() -> None:
    world = bot(
        100, limits=UNPACED, lower_price=Decimal(60), upper_price=Decimal(140)
    )  # levels 60 80 100 120 140
    assert sides(world) == {}
    assert world.store.reasons[1].startswith("too_far: 80.00 ")
    world.tick("88.8")
    assert sides(world) == {1: ("buy", 80)}


@pytest.mark.parametrize(
    ("first", "trigger", "short", "there"), [(100, 95, "95.01", 95), (100, 105, "104.99", 105)]
)
def test_a_trigger_fires_when_the_price_comes_to_it_from_either_side(
    first: int, trigger: int, short: str, there: int
) -> None:
    world = bot(first, trigger_price=Decimal(trigger))
    assert world.exchange.sent == []
    assert world.store.reasons[0].startswith("waiting: ")
    world.tick(short)
    assert world.exchange.sent == []
    world.restart()
    world.tick(there)
    assert len(world.open()) == 4


def test_a_new_run_waits_for_its_trigger_from_its_own_side() -> None:
    world = bot(100, trigger_price=Decimal(95))
    world.stop()
    world.exchange.price = Decimal(90)
    world.new_run()
    assert world.exchange.sent == []
    world.tick(95)
    assert world.exchange.sent


@pytest.mark.parametrize(("price", "word"), [("79", "stop_loss"), ("126", "take_profit")])
def test_stop_loss_and_take_profit_cancel_all_sell_all_and_end_the_bot(price: str, word: str) -> None:
    world = bot(100, stop_loss_price=Decimal(79), take_profit_price=Decimal(126))
    world.tick(price)
    assert world.store.stop is not None
    reason, action, rule = world.store.stop
    assert (reason.split(":")[0], action, rule) == (word, "sell", "")
    assert world.open() == {}
    assert world.engine.done
    assert world.store.position.base < COIN.lot
    assert world.store.is_finished


@pytest.mark.parametrize(("action", "kept"), [("keep", True), ("sell", False)])
def test_a_stop_keeps_or_sells_the_inventory(action: str, kept: bool) -> None:
    world = bot()
    world.stop(action)
    assert world.engine.done
    assert world.open() == {}
    assert (world.store.position.base > 1) == kept


def test_inventory_kept_from_the_last_run_reduces_the_initial_purchase() -> None:
    world = bot()
    first = world.exchange.sent[0].quantity
    world.stop()
    world.tick(95)
    count = len(world.exchange.sent)
    world.new_run()
    assert sides(world)[2] == ("sell", 110)
    bought = [order for order in world.exchange.sent[count:] if order.type is OrderType.MARKET]
    assert sum((order.quantity for order in bought), ZERO) < first / 10
    world.check()


def test_an_inventory_sold_by_a_stop_is_bought_anew() -> None:
    world = bot()
    world.stop("sell")
    world.new_run()
    assert len(world.open()) == 4
    assert world.store.slots[PURCHASE_SLOT].cycle == 2
    world.check()


def test_a_paused_bot_takes_in_fills_and_opens_nothing() -> None:
    world = bot()
    world.engine.mode = "paused"
    world.tick("89.99")
    assert 1 not in world.open()
    assert world.store.slots[1].bought > 0
    assert set(world.open()) == {0, 2, 3}
    world.engine.mode = "running"
    world.recover()
    assert sides(world)[1] == ("sell", 100)


def test_an_order_cancelled_by_hand_is_placed_again_with_its_rest() -> None:
    world = bot()
    name = next(order.client_id for order in world.store.live() if order.slot == 1)
    world.exchange.trade(Side.SELL, Decimal(90), Decimal(1))
    world.settle()
    world.exchange.cancel_by_hand(name)
    world.settle()
    _, price, left, _ = world.open()[1]
    assert price == 90
    assert world.store.orders[name].filled == 1
    assert abs(left - (world.store.orders[name].quantity - 1)) <= COIN.lot


def test_too_many_cancels_by_hand_halt_the_bot() -> None:
    world = bot(limits=replace(FAR, max_orders_per_minute=10))
    for _ in range(12):
        for order in world.store.live()[:1]:
            world.exchange.cancel_by_hand(order.client_id)
            world.settle()
    assert world.store.stop is not None
    assert world.store.stop[2] == "max_orders_per_minute"
    assert world.open() == {}


def test_the_purchase_of_many_slots_is_no_runaway() -> None:
    limits = RiskLimits(max_orders_per_minute=10)
    config = GridConfig(Decimal(95), Decimal(109), 40, Decimal(5000))
    world = World(config, COIN, limits=limits).start()
    assert world.store.stop is None
    assert len(world.open()) < 20, "it is paced"
    for _ in range(20):
        world.wait(61_000)
    assert len(world.open()) == 40


def test_a_fall_beyond_the_hourly_loss_halts_the_bot_at_the_minutes_close() -> None:
    world = bot(limits=replace(FAR, max_loss_per_hour=Decimal("0.05")))
    world.tick("99", 60_000)
    world.tick("99", 60_000)
    world.tick("82", 1_000)
    assert world.store.stop is None
    world.tick("82", 60_000)
    assert world.store.stop is not None
    assert world.store.stop[2] == "max_loss_per_hour"
    assert world.engine.done
    assert [time % 60_000 for time, _ in world.store.minutes] == [0] * len(world.store.minutes)


def test_a_bot_that_can_no_longer_fund_its_grid_says_so_and_stops() -> None:
    world = World(replace(GRID, investment=Decimal("0.01")), COIN).start()
    assert world.store.stop is not None
    assert "no longer pays" in world.store.stop[0]
    assert world.engine.done


@pytest.mark.parametrize(("investment", "steps", "most"), [(10_000, 40, 30), (400, 100, 60)])
def test_dust_never_piles_up_over_hundreds_of_cycles(investment: int, steps: int, most: int) -> None:
    """`most` lots: about one a cell where a slot is near the exchange's minimum, which is what one pass leaves."""
    random = Random(7)
    config = GridConfig(Decimal(50_000), Decimal(70_000), 60, Decimal(investment))
    world = World(config, BTC, Decimal(60_000)).start()
    for _ in range(steps):
        world.tick(random.randint(52_000, 68_000))
        assert world.free_dust() <= most * BTC.lot
    assert sum(state.cycles for state in world.store.slots.values()) > 5 * steps
    world.check()
