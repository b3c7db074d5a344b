"""Many orders at once, to an exchange that is slow, silent or short of money: fills and the user come first."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from bots.core.orders import Order
from bots.core.ports import Change
from bots.core.sending import SLICE
from bots.core.tests.test_engine import order_in, statuses
from bots.core.tests.test_grid_bot import COIN, FAR, GRID, bot
from bots.core.tests.world import World, run
from bots.core.types import Fill, OrderReport, OrderStatus, Side

WIDE = replace(GRID, grid_count=24, investment=Decimal(5000))


def minutes(world: World, count: int) -> None:
    for _ in range(count * 60):
        world.wait(1_000)


@pytest.mark.parametrize("fault", ["hang", "vanished"])
def test_after_an_unknown_order_nothing_more_is_sent_until_the_exchange_may_be_well_again(fault: str) -> None:
    world = World(WIDE, COIN, limits=FAR)
    world.exchange.faults.append(fault)
    world.start()
    assert len(world.exchange.posts) == 1
    assert [order.slot for order in world.engine.live.values()] == [-1], "the rest was given up unsent"
    assert world.store.reasons[3].startswith("unavailable: ")
    world.wait(1_999)
    assert len(world.exchange.posts) == 1
    world.resolve()
    world.wait(1)
    assert len(world.exchange.posts) > 1
    minutes(world, 1)
    assert len(world.open()) == 24
    world.check()
    world.check_stable()


def test_a_silent_exchange_costs_one_request_a_minute() -> None:
    world = World(WIDE, COIN, limits=FAR)
    world.exchange.faults.extend(["hang"] * 100)
    run(world.engine.start(world.exchange.price, world.exchange.now))
    for _ in range(30 * 60):
        world.wait(1_000)
        world.resolve()
    assert 24 < len(world.exchange.posts) <= 35, "in half an hour"
    assert len(world.store.orders) <= 60, "and hardly more rows"


def test_a_fill_is_taken_in_between_two_slices_of_a_start() -> None:
    world = World(WIDE, COIN, limits=FAR)
    run(world.engine.start(world.exchange.price, world.exchange.now))
    assert len(world.exchange.sent) == SLICE
    assert world.engine.wake_at == world.engine.now
    assert "pacing: orders are placed at the pace the limits allow" in world.store.reasons.values()
    fill = next(event for event in world.exchange.events if not isinstance(event, OrderReport))
    world.exchange.events.clear()
    run(world.engine.on_fill(fill))  # the purchase
    assert world.store.position.base > 0
    world.settle()
    assert len(world.open()) == 24
    assert not any(world.store.reasons.values())


def test_a_slow_exchange_gets_shorter_slices() -> None:
    world = World(WIDE, COIN, limits=FAR)
    world.exchange.create_takes = 1_500
    run(world.engine.start(world.exchange.price, world.exchange.now))
    assert len(world.exchange.posts) == 2
    assert sum(order.reason == "never_sent" for order in world.store.orders.values()) == SLICE - 2
    world.settle()
    assert len(world.open()) == 24
    unsent = [order for order in world.store.orders.values() if order.reason == "never_sent"]
    assert len(unsent) < 24


def test_an_order_the_rate_limiter_has_no_room_for_is_given_up_and_tried_later() -> None:
    world = World(GRID, COIN, limits=FAR)
    world.exchange.no_room = True
    world.start()
    assert world.exchange.posts == []
    assert world.engine.live == {}
    world.exchange.no_room = False
    world.wait(4_999)
    assert world.exchange.posts == []
    world.wait(1)
    minutes(world, 1)
    assert len(world.open()) == 4


def test_a_rate_limit_holds_back_all_orders_of_the_bot() -> None:
    world = World(GRID, COIN, limits=FAR)
    world.exchange.faults.append("limited")
    world.start()
    assert len(world.exchange.posts) == 1
    world.wait(3_000)
    assert len(world.open()) == 4


def withdraw(world: World, asset: str, amount: Decimal) -> None:
    world.exchange.owned[asset] -= amount
    world.opening[asset] -= amount


def test_orders_for_which_the_account_is_short_wait_and_the_user_is_told_once() -> None:
    world = bot()
    before = len(world.exchange.posts)
    for slot in (2, 3):
        world.exchange.cancel_by_hand(order_in(world, slot).client_id)
    taken = world.exchange.owned["COIN"]
    withdraw(world, "COIN", taken)
    world.settle()
    assert len(world.exchange.posts) == before + 1, "one of both was tried"
    assert [world.store.reasons[slot].partition(": ")[0] for slot in (2, 3)] == ["insufficient_funds"] * 2
    minutes(world, 10)
    assert len(world.exchange.posts) - before <= 15, "ever more slowly"
    assert world.store.told.count("insufficient_funds") == 1
    world.tick("89.99")  # buys are not held up, and what they bring is sold
    assert world.open()[1][:2] == (Side.SELL, 100)
    withdraw(world, "COIN", -taken)
    minutes(world, 2)
    assert {2, 3} <= world.open().keys()
    assert not world.store.reasons[2]


def test_an_order_whose_fills_never_show_is_asked_for_ever_more_slowly_and_the_user_is_told() -> None:
    world = bot()
    asked = []
    fetch = world.exchange.fetch_order

    async def counted(symbol: str, client_id: str) -> OrderReport | None:
        asked.append(client_id)
        return await fetch(symbol, client_id)

    async def nothing(symbol: str, exchange_order_id: str) -> list[Fill]:
        return []

    world.exchange.fetch_order = counted  # type: ignore[method-assign]
    found = world.exchange.order_fills
    world.exchange.order_fills = nothing  # type: ignore[method-assign]
    world.exchange.trade(Side.SELL, Decimal(90), Decimal(1))
    report = next(event for event in world.exchange.events if isinstance(event, OrderReport))
    world.exchange.events.clear()
    run(world.engine.settle(order_in(world, 1), report))
    for _ in range(10 * 60):
        world.wait(1_000)
    assert 10 < len(asked) < 20, "in ten minutes"
    assert world.store.told == ["fills_missing"]
    world.exchange.order_fills = found  # type: ignore[method-assign]
    minutes(world, 1)
    assert order_in(world, 1).filled == 1
    count = len(asked)
    minutes(world, 2)
    assert len(asked) == count
    world.check()


@pytest.mark.parametrize("stubborn", [0, 3])
def test_one_cancel_that_does_not_get_through_keeps_none_of_the_others_waiting(stubborn: int) -> None:
    from bots.core.ports import ExchangeUnavailable

    world = bot()
    name = order_in(world, stubborn).client_id
    cancel, tried = world.exchange.cancel_order, []

    async def odd(symbol: str, client_id: str) -> OrderReport | None:
        tried.append(client_id)
        if client_id == name:
            raise ExchangeUnavailable("Down.")
        return await cancel(symbol, client_id)

    world.exchange.cancel_order = odd  # type: ignore[method-assign]
    world.stop()
    assert tried.count(name) == 1
    assert tried[-1] == name, "an exchange that cannot be reached is not asked for the rest at once"
    world.wait(500)
    assert list(world.open()) == [stubborn]
    world.exchange.cancel_order = cancel  # type: ignore[method-assign]
    world.wait(2_000)
    assert world.engine.done
    assert all(order.status is not OrderStatus.OPEN for order in world.store.orders.values())
    assert statuses(world, stubborn)[-1] == "cancelled"


def test_a_post_only_order_that_is_accepted_and_cancelled_at_once_is_tried_again_ever_more_slowly() -> None:
    world = bot()
    for wait in (2_000, 4_000):
        order = order_in(world, 1)
        report = world.exchange.placed[order.client_id].report
        world.exchange.cancel_by_hand(order.client_id)
        world.exchange.events.clear()
        before = len(world.exchange.posts)
        run(world.engine.on_order(replace(report, status=OrderStatus.CANCELLED, reason="post_only")))
        assert len(world.exchange.posts) == before
        world.wait(wait - 1)
        assert len(world.exchange.posts) == before
        world.wait(1)
        assert len(world.exchange.posts) == before + 1
    assert "cancelled_outside" not in world.store.told


def test_what_is_not_sent_is_given_up_in_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(WIDE, COIN, limits=FAR)
    world.exchange.create_takes = 1_500
    at_once = []
    give_up = world.store.give_up

    async def counted(orders: Sequence[Order]) -> list[Change]:
        at_once.append(len(orders))
        return await give_up(orders)

    monkeypatch.setattr(world.store, "give_up", counted)
    run(world.engine.start(world.exchange.price, world.exchange.now))
    assert at_once == [SLICE - 2]
