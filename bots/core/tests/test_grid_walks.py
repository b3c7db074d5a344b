"""Grids in a world that does what it likes: whatever happens, the promises hold."""

from decimal import Decimal
from random import Random

import pytest

from bots.core.strategies.grid import GridStrategy
from bots.core.tests.walks import MARKETS, grid_config, step
from bots.core.tests.world import World
from bots.core.types import ZERO, Side


def committed(world: World) -> Decimal:
    buys = [price * left for side, price, left, _ in world.open().values() if side is Side.BUY and price]
    return sum(buys, ZERO)


def check_slots(world: World) -> None:
    """A slot never buys more than it needs and never sells more than it has."""
    strategy = world.engine.strategy
    assert isinstance(strategy, GridStrategy)
    if not strategy.begun:
        return
    for state in world.store.slots.values():
        if 0 <= state.slot < 1000:
            assert ZERO <= state.sold <= strategy.quantity_of(state.slot), state
            assert state.held >= 0, state


@pytest.mark.parametrize("seed", range(60))
def test_a_grid_keeps_its_promises_whatever_happens(seed):
    random = Random(seed)
    market, price = random.choice(MARKETS)
    world = World(grid_config(random, market, price), market, price).start()
    for _ in range(120):
        step(random, world, price)
        world.check()
        check_slots(world)
        world.check_stable()
        assert ZERO <= committed(world) <= world.store.position.cash
        assert world.store.stop is None, world.store.stop
    world.exchange.faults.clear()
    world.stop()
    for _ in range(5):
        world.wait(1000)
    assert world.engine.done
    assert world.open() == {}
    assert world.store.is_finished
