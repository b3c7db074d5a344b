"""A process may die before or after any call: the next one ends up with the same orders and the same ledger."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest

from bots.core.tests.fake_exchange import Crash
from bots.core.tests.fragile import fused
from bots.core.tests.walks import MARKETS, dca_config, grid_config, near, partial_fill, tick
from bots.core.tests.world import World

NEVER = 10**9


def dies(world: World, left: int, step: Callable[[World], None]) -> int:
    """Does the step in a process that dies on the way; another one goes on. Answers how far the fuse burnt."""
    fuse = fused(world, left)
    try:
        step(world)
    except Crash:
        world.restart()
        world.settle()
        world.resolve()
    return left - fuse.left


def compare(random: Random, world: World, deaths: int, step: Callable[[World], None]) -> World:
    lucky = world.fork()
    burnt = dies(lucky, NEVER, step)
    lucky.check()
    for left in random.sample(range(1, burnt + 1), min(deaths, burnt)):
        unlucky = world.fork()
        dies(unlucky, left, step)
        unlucky.check()
        assert same(unlucky, lucky), f"died after {left} of {burnt}: {unlucky.open()} {lucky.open()}"
        assert unlucky.store.position == lucky.store.position
    return lucky


def same(one: World, other: World) -> bool:
    """The same orders; a buy may count on other dust, which there is more or less of a moment later."""
    ours, theirs = one.open(), other.open()
    dust = 3 * max(one.market.lot, one.market.market_lot)
    return ours.keys() == theirs.keys() and all(
        ours[slot][:2] == theirs[slot][:2]
        and abs(ours[slot][2] - theirs[slot][2]) <= dust
        and ours[slot][3] == theirs[slot][3]
        for slot in ours
    )


def some_step(random: Random, price: Decimal) -> Callable[[World], None]:
    thing, seed = random.choice([tick, tick, near, partial_fill]), random.random()
    return lambda world: thing(Random(seed), world, price)


@pytest.mark.parametrize("seed", range(12))
def test_a_restart_at_any_step_of_a_grid_gives_the_same_orders(seed):
    random = Random(seed)
    market, price = random.choice(MARKETS)
    world = World(grid_config(random, market, price), market, price)
    world = compare(random, world, 40, World.start)
    for _ in range(25):
        world = compare(random, world, 4, some_step(random, price))
        world.restart()


@pytest.mark.parametrize("seed", range(12))
def test_a_restart_at_any_step_of_a_dca_bot_gives_the_same_orders(seed):
    random = Random(seed)
    market, price = random.choice(MARKETS)
    world = World(dca_config(random, market, price), market, price, quote=Decimal(10**7))
    world = compare(random, world, 40, World.start)
    for _ in range(25):
        world = compare(random, world, 4, some_step(random, price))
        world.restart()
