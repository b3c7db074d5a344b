"""The engine against an exchange that refuses, loses replies, or is not there."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bots.core.ports import AccountRefused, ExchangeUnavailable
from bots.core.sending import RETRY_MS
from bots.core.strategies.grid import GridConfig
from bots.core.tests.test_grid_bot import COIN, FAR, GRID, bot
from bots.core.tests.world import World, run
from bots.core.types import OrderReport, OrderStatus, Side


def order_in(world: World, slot: int):
    return next(order for order in world.store.live() if order.slot == slot)


def statuses(world: World, slot: int) -> list[str]:
    return [order.status.value for order in world.store.orders.values() if order.slot == slot]


def test_a_price_that_crosses_no_threshold_changes_nothing() -> None:
    world = bot(stop_loss_price=Decimal(70), take_profit_price=Decimal(130))
    assert (world.engine.band.low, world.engine.band.high) == (70, 130)
    count = len(world.exchange.sent)
    world.tick("104.99")
    assert len(world.exchange.sent) == count


def test_a_refused_order_is_tried_again_ever_more_slowly_and_says_why() -> None:
    world = World(GRID, COIN, limits=FAR)
    world.exchange.faults.extend(["", "refused", "refused", "refused"])
    world.start()
    refused = [slot for slot in range(4) if "error" in statuses(world, slot)]
    assert len(refused) == 3
    assert all(world.store.reasons[slot] == "refused: Not today." for slot in refused)
    [slot] = refused[:1]
    world.exchange.faults.extend(["refused"] * 3)
    world.wait(1_999)
    assert len(statuses(world, slot)) == 1
    world.wait(1)
    assert statuses(world, slot) == ["error", "error"]
    world.wait(3_999)
    assert len(statuses(world, slot)) == 2
    world.wait(1)
    assert statuses(world, slot) == ["error", "error", "open"]
    assert world.store.reasons[slot] == ""


def test_a_rate_limit_is_waited_for() -> None:
    world = World(GRID, COIN, limits=FAR)
    world.exchange.faults.append("limited")
    world.start()
    assert world.store.position.base == 0
    world.wait(2_999)
    assert world.store.position.base == 0
    world.wait(1)
    assert world.store.position.base > 0


def test_an_account_that_is_refused_ends_the_call_and_leaves_nothing_sent_twice() -> None:
    world = World(GRID, COIN, limits=FAR)
    world.exchange.faults.extend(["", "account"])
    with pytest.raises(AccountRefused):
        world.start()
    world.restart()
    world.settle()
    assert len(world.open()) == 4
    world.check()


@pytest.mark.parametrize("fault", ["lost", "vanished"])
def test_an_unknown_order_blocks_its_slot_until_it_is_known(fault: str) -> None:
    world = World(GRID, COIN, limits=FAR)
    world.exchange.faults.extend(["", fault])
    run(world.engine.start(world.exchange.price, world.exchange.now))
    [unknown] = [order for order in world.engine.live.values() if order.is_unknown]
    world.exchange.events.clear()
    world.wait(5_000)
    assert statuses(world, unknown.slot) == ["pending"]
    world.resolve()
    assert statuses(world, unknown.slot) == (["open"] if fault == "lost" else ["error", "open"])
    assert len(world.open()) == 4


def test_fills_that_the_stream_lost_are_asked_for() -> None:
    world = bot()
    world.exchange.trade(Side.SELL, Decimal(90), Decimal(1))
    report = next(event for event in world.exchange.events if isinstance(event, OrderReport))
    world.exchange.events.clear()
    run(world.engine.on_order(report))
    assert world.store.position.trades == 1
    assert world.engine.wake_at == world.engine.now + 500
    world.wait(500)
    assert order_in(world, 1).filled == 1
    world.check()


def test_a_look_for_late_fills_is_repeated_while_the_exchange_does_not_answer() -> None:
    world = bot()
    world.exchange.trade(Side.SELL, Decimal(90), Decimal(1))
    report = next(event for event in world.exchange.events if isinstance(event, OrderReport))
    world.exchange.events.clear()
    world.exchange.reads_fail = True
    run(world.engine.on_order(report))
    world.wait(500)
    assert order_in(world, 1).filled == 0
    world.exchange.reads_fail = False
    world.wait(2_000)
    assert order_in(world, 1).filled == 1


def test_a_cancelled_order_ends_only_when_its_fills_are_booked() -> None:
    world = bot()
    order = order_in(world, 1)
    world.exchange.trade(Side.SELL, Decimal(90), Decimal(1))
    world.exchange.cancel_by_hand(order.client_id)
    world.exchange.events.clear()
    report = world.exchange.placed[order.client_id].report
    world.exchange.reads_fail = True
    run(world.engine.settle(order, report))
    assert statuses(world, 1) == ["open"]
    world.exchange.reads_fail = False
    run(world.engine.settle(order, report))
    assert statuses(world, 1) == ["cancelled"]
    assert world.store.orders[order.client_id].filled == 1


def test_a_report_of_a_stranger_or_of_an_old_order_changes_nothing() -> None:
    world = bot()
    order = order_in(world, 1)
    stranger = world.exchange.placed[order.client_id].report
    run(world.engine.on_order(replace(stranger, client_id="x-1", status=OrderStatus.CANCELLED)))
    assert len(world.open()) == 4
    world.check()


def test_an_order_rejected_after_it_was_open_makes_room_for_the_next_try() -> None:
    world = bot()
    order = order_in(world, 1)
    world.exchange._end(order.client_id, OrderStatus.ERROR, "too late")
    world.settle()
    assert statuses(world, 1) == ["cancelled", "open"]
    assert world.store.orders[order.client_id].reason == "too late"


def test_a_market_order_that_finds_nobody_is_not_hammered() -> None:
    world = World(GRID, COIN, limits=FAR)
    world.exchange.depth = Decimal(0)
    world.start()
    assert statuses(world, -1) == ["cancelled"]
    world.exchange.depth = Decimal(1000)
    world.wait(2_000)
    assert statuses(world, -1) == ["cancelled", "filled"]


def test_a_market_order_filled_in_parts_is_completed() -> None:
    world = World(GRID, COIN, limits=FAR)
    world.exchange.depth = Decimal(1)
    world.start()
    assert len(statuses(world, -1)) >= 5
    assert len(world.open()) == 4
    world.stop("sell")
    assert world.engine.done
    assert world.store.position.base < COIN.lot
    world.check()


def test_a_stop_waits_for_an_exchange_that_cannot_be_reached() -> None:
    world = bot()
    world.exchange.cancels_fail = True
    world.stop()
    assert len(world.open()) == 4
    assert not world.engine.done
    assert world.engine.wake_at == world.engine.now + 500
    world.exchange.cancels_fail = False
    world.wait(2_000)
    assert world.open() == {}
    assert world.engine.done


def test_a_bot_is_done_only_when_the_exchange_says_that_nothing_is_open() -> None:
    world = bot()
    world.exchange.reads_fail = True
    world.stop()
    assert world.open() == {}
    assert not world.engine.done
    world.exchange.reads_fail = False
    world.wait(500)
    assert world.engine.done


def test_a_cancel_that_cannot_be_sent_is_not_hammered() -> None:
    from bots.core.strategies.dca import DCAConfig

    config = DCAConfig(Decimal(100), price_drop=Decimal(2), max_orders=1, take_profit=Decimal(1))
    world = World(config, COIN, quote=Decimal(10_000)).start()
    asked: list[str] = []
    cancel = world.exchange.cancel_order

    async def counted(symbol: str, client_id: str) -> OrderReport | None:
        asked.append(client_id)
        return await cancel(symbol, client_id)

    world.exchange.cancel_order = counted  # type: ignore[method-assign]
    world.exchange.cancels_fail = True
    world.tick("97.9")  # the safety order fills: the exit should move
    assert len(asked) == 1
    world.wait(1_000)
    assert len(asked) == 1
    world.exchange.cancels_fail = False
    world.wait(1_500)
    assert len(asked) == 2
    world.check_stable()
    assert world.open()[1000][2] == world.store.position.base.quantize(COIN.lot, rounding="ROUND_FLOOR")


def test_a_stop_needs_a_price_only_to_sell() -> None:
    world = bot()
    world.action, world.mode = "sell", "stopping"
    world.engine = world.build()
    run(world.engine.stop("sell"))
    assert world.open() == {}
    assert not world.engine.done
    run(world.engine.on_tick(Decimal(100), world.exchange.now))
    run(world.engine.on_timer(world.exchange.now + 500))
    assert world.engine.done
    assert world.store.position.base < COIN.lot


def test_a_refused_exit_says_why_and_is_tried_again() -> None:
    world = bot()
    world.exchange.faults.append("refused")
    world.stop("sell")
    assert not world.engine.done
    assert world.store.reasons[-2] == "refused: Not today."
    world.wait(2_000)
    assert world.engine.done


def test_an_order_deferred_exactly_at_the_price_is_placed_at_any_move_away() -> None:
    world = bot(105)
    world.exchange.price = Decimal(100)
    world.engine.price = Decimal(100)
    name = order_in(world, 2).client_id
    world.exchange.cancel_by_hand(name)
    world.settle()
    assert world.store.reasons[2].startswith("would_cross: ")
    world.exchange.price = Decimal("100.5")
    run(world.engine.on_tick(Decimal("100.5"), world.exchange.now))
    world.settle()
    assert world.open()[2][:2] == (Side.BUY, 100)


def test_an_order_that_is_sent_already_is_not_sent_again() -> None:
    world = bot()
    count = len(world.exchange.sent)
    run(world.engine.execute_order(order_in(world, 1)))
    assert len(world.exchange.sent) == count


def test_a_cheap_market_after_a_jump_fills_what_may_take() -> None:
    config = GridConfig(Decimal(80), Decimal(120), 4, Decimal(1000), post_only=False)
    world = World(config, COIN, limits=replace(FAR, max_price_deviation=Decimal("0.1"))).start()
    world.tick(120)
    world.exchange.move(Decimal(95))
    world.exchange.events.clear()
    world.recover()
    world.settle()
    assert world.store.stop is None
    world.check()


def test_what_the_exchange_interrupts_half_way_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    world = bot()
    world.exchange.cancel_by_hand(order_in(world, 1).client_id)
    with monkeypatch.context() as away:
        away.setattr(world.exchange, "exchange_time", gone)
        with pytest.raises(ExchangeUnavailable):
            world.settle()
    assert 1 not in world.open()
    assert world.engine.wake_at == world.engine.now + RETRY_MS
    world.wait(RETRY_MS)
    assert 1 in world.open()


async def gone() -> int:
    raise ExchangeUnavailable("away")
