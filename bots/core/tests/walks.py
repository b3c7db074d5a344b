"""Random markets, configs and steps for the walks: the same seed, the same walk."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from bots.core.preflight import preflight_grid
from bots.core.preflight_dca import preflight_dca
from bots.core.rounding import nearest
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.core.tests.world import BTC, World
from bots.core.types import Market, OrderStatus, Side

MARKETS = [
    (BTC, Decimal(60000)),
    (replace(BTC, fee_in_base_on_buy=False, market_lot=Decimal("0.0001")), Decimal(60000)),
    (
        replace(
            BTC,
            symbol="COIN/USDT",
            base="COIN",
            lot=Decimal(1),
            min_quantity=Decimal(1),
            tick=Decimal("0.001"),
        ),
        Decimal("3.5"),
    ),
    (
        replace(
            BTC,
            symbol="DOGE/USDT",
            base="DOGE",
            lot=Decimal("0.1"),
            min_quantity=Decimal("0.1"),
            tick=Decimal("0.00001"),
            maker_fee=Decimal("0.0002"),
            taker_fee=Decimal("0.0011"),
            max_quantity=Decimal(1000000),
            market_max_quantity=Decimal(300),
        ),
        Decimal("0.4"),
    ),
]


def some_price(random: Random, market: Market, around: Decimal, spread: float) -> Decimal:
    price = around * Decimal(str(round(1 + random.uniform(-spread, spread), 6)))
    return nearest(price, market.tick)


def grid_config(random: Random, market: Market, price: Decimal) -> GridConfig:
    """One that passes its pre-flight at this price."""
    while True:
        config = GridConfig(
            lower_price=some_price(random, market, price * Decimal("0.85"), 0.1),
            upper_price=some_price(random, market, price * Decimal("1.15"), 0.1),
            grid_count=random.randint(2, 24),
            investment=Decimal(random.randint(20, 3000)),
            spacing=random.choice(["arithmetic", "geometric"]),
            post_only=random.random() < 0.7,
        )
        if random.random() < 0.6:
            config = trailing(random, market, config)
        if preflight_grid(config, market, price, None).ok:
            return config


def trailing(random: Random, market: Market, config: GridConfig) -> GridConfig:
    """The same with some of the options by which slots move and grow."""
    up, down = random.random() < 0.6, random.random() < 0.6
    highest = some_price(random, market, config.upper_price * 2, 0.4)
    lowest = some_price(random, market, config.lower_price / 2, 0.4)
    return replace(
        config,
        trailing_up=up,
        trailing_down=down,
        trailing_up_limit=highest if up and random.random() < 0.6 else None,
        trailing_down_limit=lowest if down and random.random() < 0.8 else None,
        reinvest=random.random() < 0.5,
    )


def dca_config(random: Random, market: Market, price: Decimal) -> DCAConfig:
    while True:
        drops = random.random() < 0.6
        amount = Decimal(random.randint(8, 60))
        config = DCAConfig(
            amount=amount,
            interval=random.choice([None, 60, 600, 3600]),
            price_drop=Decimal(random.choice(["0.5", "1", "2.5"])) if drops else None,
            step_scale=Decimal(random.choice(["1", "1.2", "0.9"])),
            volume_scale=Decimal(random.choice(["1", "1.5", "0.9"])),
            max_orders=random.randint(1, 6) if drops else 0,
            take_profit=Decimal(random.choice(["0.5", "1.5", "4"])),
            trailing=random.choice([None, None, Decimal("0.4")]),
            cooldown=random.choice([0, 0, 300]),
            max_investment=random.choice([None, amount * 3]),
            missed=random.choice(["once", "skip"]),
        )
        if preflight_dca(config, market, price, None).ok:
            return config


def step(random: Random, world: World, centre: Decimal) -> None:
    """One thing that may happen."""
    things = {
        tick: 30,
        near: 20,
        jump: 3,
        partial_fill: 25,
        cancel_by_hand: 4,
        fault: 6,
        restart: 6,
        wait: 5,
        deaf: 4,
    }
    thing = random.choices(list(things), list(things.values()))[0]
    thing(random, world, centre)
    world.resolve()


def tick(random: Random, world: World, centre: Decimal) -> None:
    world.tick(some_price(random, world.market, world.exchange.price, 0.02))


def near(random: Random, world: World, centre: Decimal) -> None:
    world.tick(some_price(random, world.market, world.exchange.price, 0.003))


def jump(random: Random, world: World, centre: Decimal) -> None:
    world.tick(some_price(random, world.market, centre, 0.3))


def cancel_by_hand(random: Random, world: World, centre: Decimal) -> None:
    placed = world.exchange.placed.items()
    names = [name for name, order in placed if order.report.status is OrderStatus.OPEN]
    if names:
        world.exchange.cancel_by_hand(random.choice(names))
        world.settle()


def fault(random: Random, world: World, centre: Decimal) -> None:
    world.exchange.faults.append(random.choice(["lost", "vanished", "refused", "limited"]))


def restart(random: Random, world: World, centre: Decimal) -> None:
    world.restart()
    world.settle()


def wait(random: Random, world: World, centre: Decimal) -> None:
    world.wait(random.choice([1000, 30_000, 90_000, 4_000_000]))


def deaf(random: Random, world: World, centre: Decimal) -> None:
    """The stream loses everything until the next reconciliation."""
    tick(random, world, centre)
    world.exchange.move(some_price(random, world.market, world.exchange.price, 0.02))
    world.exchange.events.clear()
    world.recover()
    world.settle()


def partial_fill(random: Random, world: World, centre: Decimal) -> None:
    """Somebody takes a part of the order next to the price."""
    side = random.choice(list(Side))
    rows = list(world.exchange.book.orders(side))
    if not rows:
        return
    lots = int(rows[0].quantity / world.market.lot)
    assert rows[0].price is not None
    world.exchange.now += 10
    world.exchange.trade(side.opposite, rows[0].price, random.randint(1, max(1, lots)) * world.market.lot)
    world.settle()
