"""What a user expects of a DCA bot, in a world where everything works."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bots.core.slots import DCA_EXIT_SLOT
from bots.core.strategies.dca import DCAConfig
from bots.core.tests.world import BTC, World
from bots.core.types import Side

COIN = replace(
    BTC,
    symbol="COIN/USDT",
    base="COIN",
    lot=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    fee_in_base_on_buy=False,
)
HOUR = 3_600_000
DEAL = DCAConfig(Decimal(100), price_drop=Decimal(2), max_orders=2, take_profit=Decimal(1))
HOURLY = DCAConfig(Decimal(100), interval=3600)


def bot(config: DCAConfig, price: int = 100) -> World:
    return World(config, COIN, Decimal(price), quote=Decimal(10**6)).start()


def buys(world: World) -> list[int]:
    """The cycles of slot 0 that bought, one entry for each order filled."""
    return [order.cycle for order in world.store.orders.values() if order.slot == 0 and order.filled]


def prices(world: World) -> dict[int, Decimal | None]:
    return {slot: price for slot, (_, price, _, _) in sorted(world.open().items())}


def test_a_deal_buys_then_rests_its_safety_orders_and_its_take_profit() -> None:
    world = bot(DEAL)
    average = world.store.position.average_cost
    assert buys(world) == [0]
    assert list(prices(world)) == [1, 2, DCA_EXIT_SLOT]
    assert prices(world)[DCA_EXIT_SLOT] == (average * Decimal("1.01")).quantize(Decimal("0.01"))


def test_the_take_profit_follows_the_average_down() -> None:
    world = bot(DEAL)
    before = world.open()[DCA_EXIT_SLOT]
    world.tick("98.05")
    after = world.open()[DCA_EXIT_SLOT]
    assert after[1] < before[1]
    assert after[2] == world.store.position.base > before[2]
    sells = [order for order in world.store.live() if order.side is Side.SELL]
    assert len(sells) == 1


def test_a_partly_sold_take_profit_stays_where_it_is() -> None:
    world = bot(DEAL)
    _, price, quantity, _ = world.open()[DCA_EXIT_SLOT]
    count = len(world.exchange.sent)
    for part in ("0.1", "0.037", "0.201"):
        world.exchange.trade(Side.BUY, price, Decimal(part))
        world.settle()
        world.wait(1000)
    assert world.open()[DCA_EXIT_SLOT][:3] == (Side.SELL, price, quantity - Decimal("0.338"))
    assert len(world.exchange.sent) == count


def test_a_closed_deal_starts_the_next_one() -> None:
    world = bot(DEAL)
    world.tick("101.5")
    assert buys(world) == [0, 1]
    assert world.store.slots[DCA_EXIT_SLOT].cycles == 1
    assert world.store.slots[DCA_EXIT_SLOT].profit > 0
    assert {cycle for _, _, _, cycle in world.open().values()} == {1}


def test_the_next_deal_waits_for_its_cooldown_over_a_restart() -> None:
    world = bot(replace(DEAL, cooldown=600))
    world.tick("101.5")
    assert buys(world) == [0]
    assert world.open() == {}
    world.restart()
    world.wait(599_000)
    assert buys(world) == [0]
    world.wait(1_000)
    assert buys(world) == [0, 1]


def test_a_bot_that_does_not_repeat_ends_after_its_deal() -> None:
    world = bot(replace(DEAL, repeat=False))
    world.tick("101.5")
    assert world.store.stop == ("finished: the deal is closed and the bot does not repeat", "keep", "")
    assert world.engine.done
    assert world.open() == {}


def test_a_trailing_take_profit_follows_the_price_up_and_sells_on_the_way_down() -> None:
    world = bot(replace(DEAL, trailing=Decimal(1)))
    for price in ("101.5", "104", "103.2"):
        world.tick(price)
        assert world.store.position.base > 0
        assert DCA_EXIT_SLOT not in world.open()
        world.restart()
    world.tick("102.9")  # 1 % below 104 is 102.96
    [sold] = [order for order in world.store.orders.values() if order.side is Side.SELL]
    assert (sold.price, sold.filled) == (None, sold.quantity)
    assert buys(world) == [0, 1]


def test_a_stop_loss_sells_all_and_ends_the_bot() -> None:
    world = bot(replace(DEAL, stop_loss=Decimal(5)))
    world.tick("97")
    assert world.store.stop is None
    world.tick("92")
    assert world.store.stop is not None
    assert world.store.stop[0].startswith("stop_loss: ")
    assert world.engine.done
    assert world.store.position.base == 0


@pytest.mark.parametrize("step", [60_000, 300_000, HOUR, 7 * 60_000])
def test_every_interval_buys_once_over_any_restarts(step: int) -> None:
    world = bot(HOURLY)
    for number in range(6 * HOUR // step):
        world.wait(step)
        if number % 3 == 0:
            world.restart()
            world.restart()
    assert buys(world) == list(range(6 * HOUR // step * step // HOUR + 1))


@pytest.mark.parametrize(("missed", "bought"), [("once", [0, 5, 6]), ("skip", [0, 6])])
def test_buys_missed_in_an_outage_are_made_up_once_or_skipped(missed: str, bought: list[int]) -> None:
    world = bot(replace(HOURLY, missed=missed))
    world.exchange.now += 5 * HOUR + HOUR // 2
    world.restart()
    world.settle()
    world.wait(HOUR // 2)
    assert buys(world) == bought


def test_max_investment_ends_the_buying_until_something_is_sold() -> None:
    world = bot(replace(HOURLY, max_investment=Decimal(250), take_profit=Decimal(5)))
    for _ in range(5):
        world.wait(HOUR)
    assert buys(world) == [0, 1]
    assert world.store.reasons[0].startswith("limit: ")
    world.tick("106")
    world.wait(HOUR)
    assert buys(world) == [0, 1, 5, 6], "the fifth, when there was room again"


def test_an_interval_buy_and_the_safety_orders_share_the_max_investment() -> None:
    world = bot(replace(DEAL, interval=3600, max_investment=Decimal(320)))
    assert len(prices(world)) == 3
    world.wait(HOUR)
    committed = sum(
        price * left for side, price, left, _ in world.open().values() if side is Side.BUY and price
    )
    assert world.store.position.cost + committed <= 320
    world.tick(90)
    assert world.store.position.cost <= 320


def test_a_fall_in_price_does_not_buy_a_rest_of_the_base_order() -> None:
    coarse = replace(COIN, market_lot=Decimal("0.1"))
    world = World(DEAL, coarse, Decimal(107), quote=Decimal(10**6)).start()
    world.tick(106)
    world.tick(103)
    assert buys(world) == [0]


def test_after_a_jump_orders_go_near_the_market_and_trip_no_breaker() -> None:
    world = bot(DEAL)
    world.engine.mode = "paused"
    for order in world.store.live():
        world.exchange.cancel_by_hand(order.client_id)
    world.settle()
    for price in (80, 130):
        fork = world.fork()
        fork.engine.mode = "running"
        fork.exchange.price = Decimal(price)
        fork.recover()
        fork.settle()
        assert fork.store.stop is None
        fork.check()
    assert fork.store.slots[DCA_EXIT_SLOT].cycles == 1, "sold at the better price"


def test_kept_inventory_goes_on_as_the_same_deal() -> None:
    world = bot(DEAL)
    world.stop()
    world.new_run()
    assert buys(world) == [0]
    assert list(prices(world)) == [1, 2, DCA_EXIT_SLOT]


def test_sold_inventory_begins_a_new_deal() -> None:
    world = bot(DEAL)
    world.stop("sell")
    assert world.store.position.base == 0
    world.new_run()
    assert buys(world) == [0, 1]


def test_a_buy_below_the_exchanges_minimum_says_so() -> None:
    world = bot(replace(HOURLY, amount=Decimal(4)))
    assert world.open() == {}
    assert world.store.reasons[0].startswith("too_small: ")
