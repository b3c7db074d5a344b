"""An order without an answer is found wherever it shows, and absent only where nothing can be it."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bots.core.orders import Order
from bots.core.ports import ExchangeUnavailable
from bots.core.tests.test_engine import order_in, statuses
from bots.core.tests.test_grid_bot import COIN, FAR, GRID, bot
from bots.core.tests.world import World, run
from bots.core.types import Fill, Liquidity, OrderReport, OrderStatus, OrderType, Side
from bots.runtime.reads import AccountReads
from bots.runtime.recovery import Recovery
from bots.runtime.unknown import UnknownOrders

WEIGHTS = {"fetch_order": 4, "order_by_id": 4, "open_orders": 6, "fills": 20, "order_fills": 5}


class Desk:
    """A bot's world with what the runner does about unknown orders; counts what it asks of the exchange."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: Counter[str] = Counter()
        for name in WEIGHTS:
            self._count(name, getattr(world.exchange, name))
        self.reads = AccountReads(world.exchange)
        self.unknown = UnknownOrders(world.engine, self.reads)

    def _count(self, name: str, method: Any) -> None:
        async def counted(*args: Any) -> Any:
            self.asked[name] += 1
            return await method(*args)

        setattr(self.world.exchange, name, counted)

    @property
    def weight(self) -> int:
        return sum(WEIGHTS[name] * count for name, count in self.asked.items())

    async def seconds(self, count: int) -> None:
        for _ in range(count):
            self.world.exchange.now += 1_000
            look_at = self.unknown.next_look()
            if look_at is not None and self.world.exchange.now >= look_at:
                await self.unknown.look()


@pytest.fixture(autouse=True)
def windows(settings: Any) -> None:
    settings.AUTOGRID_RESOLVE_DELAY_MS = 10_000


def lost(fault: str) -> tuple[World, Order]:
    """A grid bot whose first order after the purchase got no answer."""
    world = bot()
    name = order_in(world, 1).client_id
    world.exchange.faults.append(fault)
    world.exchange.cancel_by_hand(name)
    run(world.engine.on_order(world.exchange.events.pop(0)))
    order = order_in(world, 1)
    assert order.is_unknown
    world.exchange.events.clear()
    return world, order


async def test_an_order_that_came_nowhere_is_absent_after_two_looks_beyond_its_window() -> None:
    world, order = lost("vanished")
    desk = Desk(world)
    await desk.seconds(19)
    assert order_in(world, 1).is_unknown
    await desk.seconds(3)
    assert world.store.orders[order.client_id].reason == "absent"
    assert desk.asked["fetch_order"] <= 4


async def test_an_order_that_was_accepted_is_found_among_the_open_ones() -> None:
    world, _ = lost("lost")
    desk = Desk(world)
    await desk.seconds(2)
    assert order_in(world, 1).status is OrderStatus.OPEN
    assert desk.asked == {"open_orders": 1}
    assert desk.unknown.next_look() is None


def hide(world: World, name: str) -> None:
    """The exchange does not find the order by our id, as happens for a moment after its acceptance."""
    found = world.exchange.fetch_order

    async def hidden(symbol: str, client_id: str) -> OrderReport | None:
        return None if client_id == name else await found(symbol, client_id)

    by_id = world.exchange.order_by_id

    async def by_number(symbol: str, exchange_order_id: str) -> OrderReport | None:
        world.exchange.fetch_order = found  # type: ignore[method-assign]
        try:
            return await by_id(symbol, exchange_order_id)
        finally:
            world.exchange.fetch_order = hidden  # type: ignore[method-assign]

    world.exchange.fetch_order = hidden  # type: ignore[method-assign]
    world.exchange.order_by_id = by_number  # type: ignore[method-assign]


def nameless(world: World) -> None:
    """As on Binance: a trade names its order by the exchange's own id alone."""
    world.exchange.history = [replace(fill, client_id="") for fill in world.exchange.history]


async def test_an_order_that_was_filled_and_is_not_found_by_its_id_shows_by_its_trades() -> None:
    world, order = lost("lost")
    world.exchange.trade(Side.SELL, Decimal(90), Decimal(100))
    world.exchange.events.clear()
    nameless(world)
    hide(world, order.client_id)
    await Desk(world).seconds(40)
    assert world.store.orders[order.client_id].status is OrderStatus.FILLED
    world.settle()
    world.check()


async def test_nothing_is_absent_while_a_trade_that_could_be_its_own_has_no_known_owner() -> None:
    world, order = lost("lost")
    world.exchange.trade(Side.SELL, Decimal(90), Decimal(100))
    world.exchange.events.clear()
    nameless(world)
    desk = Desk(world)
    hide(world, order.client_id)

    async def nobody(symbol: str, exchange_order_id: str) -> None:
        desk.asked["order_by_id"] += 1

    world.exchange.order_by_id = nobody  # type: ignore[method-assign]
    await desk.seconds(120)
    assert order_in(world, 1).is_unknown


def by_hand(number: int, side: Side, price: int, time: int) -> Fill:
    return Fill(
        str(900 + number),
        str(500 + number),
        "COIN/USDT",
        side,
        Decimal(price),
        Decimal("0.5"),
        Decimal(0),
        "USDT",
        Liquidity.MAKER,
        time,
    )


async def test_trades_by_hand_do_not_hide_that_an_order_is_absent_and_their_owners_are_asked_for_once() -> (
    None
):
    world, order = lost("vanished")
    now = world.exchange.now
    world.exchange.history += [by_hand(i, Side.BUY, 89, now) for i in range(3)]
    world.exchange.history += [by_hand(i, Side.SELL, 120, now) for i in range(3, 50)]  # cannot be a buy's
    world.exchange.history += [by_hand(i, Side.BUY, 95, now) for i in range(50, 99)]  # nor dearer than it
    desk = Desk(world)
    stranger = replace(world.exchange.placed[order_in(world, 0).client_id].report, client_id="web_1")

    async def theirs(symbol: str, exchange_order_id: str) -> OrderReport:
        desk.asked["order_by_id"] += 1
        return stranger

    world.exchange.order_by_id = theirs  # type: ignore[method-assign]
    await desk.seconds(25)
    assert world.store.orders[order.client_id].reason == "absent"
    assert desk.asked["order_by_id"] == 3


async def test_resolving_two_hundred_orders_is_bounded() -> None:
    world = bot()
    sent_at = world.exchange.now
    for slot in range(10, 210):
        name = f"lost{slot}"
        order = Order(
            name,
            name,
            slot,
            0,
            0,
            Side.BUY,
            OrderType.LIMIT,
            Decimal(50),
            Decimal(1),
            OrderStatus.PENDING,
            sent_at=sent_at,
        )
        world.store._keep(order)
        world.engine.live[slot] = order
    desk = Desk(world)
    await desk.seconds(30)
    assert not any(order.is_unknown for order in world.engine.live.values())
    assert desk.weight <= 200 * 16 + 500


async def test_an_exchange_that_cannot_be_asked_proves_nothing() -> None:
    world, order = lost("vanished")
    desk = Desk(world)
    world.exchange.reads_fail = True
    for _ in range(10):
        with pytest.raises(ExchangeUnavailable):
            await desk.seconds(10)
    world.exchange.reads_fail = False
    await desk.seconds(2)
    assert order_in(world, 1).is_unknown
    await desk.seconds(10)
    assert world.store.orders[order.client_id].reason == "absent"


async def test_the_windows_are_settings(settings: Any) -> None:
    settings.AUTOGRID_RESOLVE_DELAY_MS = settings.AUTOGRID_RECV_WINDOW_MS = 0
    settings.AUTOGRID_BETWEEN_MISSES_MS = 1_000
    world, order = lost("vanished")
    await Desk(world).seconds(3)
    assert world.store.orders[order.client_id].reason == "absent"


async def test_an_open_order_that_the_exchange_knows_no_more_counts_as_cancelled_and_is_told() -> None:
    world = bot()
    order = order_in(world, 1)
    placed = world.exchange.placed.pop(order.client_id)
    world.exchange.book.cancel(placed.number)

    async def no_fills(symbol: str, exchange_order_id: str) -> list[Fill]:
        return []

    world.exchange.order_fills = no_fills  # type: ignore[method-assign]
    recovery = Recovery(world.engine, AccountReads(world.exchange))
    await recovery.run()
    assert statuses(world, 1) == ["open"], "one miss proves nothing"
    world.exchange.now += 5_000
    await recovery.unknown.look()
    assert world.store.orders[order.client_id].reason == "unknown_to_exchange"
    assert world.store.told == ["order_unknown"]
    world.wait(0)
    assert statuses(world, 1) == ["cancelled", "open"]


async def test_many_filled_orders_are_booked_from_one_look_at_the_trades() -> None:
    world = World(replace(GRID, grid_count=20), COIN, limits=FAR).start()
    world.exchange.move(Decimal(81))
    world.exchange.events.clear()
    desk = Desk(world)
    world.engine.price = world.exchange.price
    await Recovery(world.engine, desk.reads).run()
    assert desk.asked["fills"] == 1
    assert desk.asked["fetch_order"] == desk.asked["order_fills"] == 0
    world.settle()
    world.check()
