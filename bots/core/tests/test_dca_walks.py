"""DCA bots in a world that does what it likes: whatever happens, the promises hold."""

from collections import defaultdict
from decimal import Decimal
from random import Random

import pytest

from bots.core.rounding import floor_to
from bots.core.slots import DCA_EXIT_SLOT
from bots.core.tests.walks import MARKETS, dca_config, step
from bots.core.tests.world import World
from bots.core.types import ZERO, Side

ROOM = Decimal("1.02")  # fees taken in quote, and a market order's price a moment later


def check_spending(world: World) -> None:
    """No buy is made twice: what each (slot, cycle) spent stays within its amount."""
    config, spent = world.config, defaultdict(Decimal)
    for booking in world.store.bookings.values():
        order = world.store.orders[booking.fill.client_id]
        if order.side is Side.BUY:
            spent[order.slot, order.cycle] += booking.fill.price * booking.fill.quantity
    for (slot, _), amount in spent.items():
        assert amount <= config.safety_amount(slot) * ROOM, f"slot {slot} spent {amount}"


def check_exit(world: World) -> None:
    """What is held is offered at the take profit, all of it."""
    config, market = world.config, world.market
    held = floor_to(world.store.position.base, market.lot)
    if DCA_EXIT_SLOT not in world.open():
        return
    _, price, quantity, _ = world.open()[DCA_EXIT_SLOT]
    average = world.store.position.average_cost
    assert price is not None
    assert price >= average * (1 + config.take_profit / 100) - market.tick
    assert quantity == held


@pytest.mark.parametrize("seed", range(60))
def test_a_dca_bot_keeps_its_promises_whatever_happens(seed):
    random = Random(seed)
    market, price = random.choice(MARKETS)
    config = dca_config(random, market, price)
    world = World(config, market, price, quote=Decimal(10**7)).start()
    for _ in range(120):
        step(random, world, price)
        world.check()
        world.check_stable()
        check_spending(world)
        check_exit(world)
        if config.max_investment is not None:
            assert world.store.position.cost <= config.max_investment * ROOM
        assert world.store.stop is None, world.store.stop
    world.exchange.faults.clear()
    world.stop("sell")
    for _ in range(8):
        world.wait(60_000)
    assert world.engine.done
    assert world.open() == {}
    left = floor_to(world.store.position.base, market.market_lot or market.lot)
    assert left * world.exchange.price < market.min_notional
    assert world.store.position.base >= ZERO
