"""The breaker, halts and stale prices as a whole bot meets them."""

from dataclasses import replace
from decimal import Decimal

from bots.core.risk import STALE_MS
from bots.core.tests.test_grid_bot import COIN, FAR, GRID, bot
from bots.core.tests.test_sending import WIDE, minutes
from bots.core.tests.world import World, run
from bots.core.types import OrderType, Side

LOSS = replace(FAR, max_loss_per_hour=Decimal("0.05"))


def silence(world: World, ms: int) -> None:
    """Time passes without a price."""
    world.exchange.now += ms
    run(world.engine.on_timer(world.exchange.now))
    world.settle()


def tripped(world: World) -> str:
    """The rule that halted the bot; "" where none did."""
    return world.store.stop[2] if world.store.stop else ""


# Loss per hour


def test_a_fall_in_the_very_first_minute_is_measured_from_the_start() -> None:
    world = bot(limits=LOSS)
    world.tick("85", ms=1000)
    assert world.store.stop is None, "judged at the close"
    world.wait(60_000)
    assert tripped(world) == "max_loss_per_hour"


def test_processes_that_never_live_to_a_close_do_not_put_it_off() -> None:
    world = bot(limits=LOSS)
    world.wait(60_000)
    world.tick("85", ms=30_000)
    world.restart()
    world.tick("85", ms=5_000)
    world.restart()
    assert world.store.stop is None
    world.tick("85", ms=15_000)  # a new minute: this process has seen nothing of the last one's close
    assert tripped(world) == "max_loss_per_hour"


def test_a_paused_bot_is_judged_too() -> None:
    world = bot(limits=LOSS)
    world.wait(60_000)
    world.mode = world.engine.mode = "paused"
    world.tick("85", ms=60_000)
    assert tripped(world) == "max_loss_per_hour"
    assert world.engine.done
    assert not world.open()


# Halts


def test_under_a_halt_fills_are_booked_and_nothing_is_opened_or_cancelled() -> None:
    world = bot()
    before = world.open()
    run(world.engine.halt("Trading is halted by the operator: drill."))
    world.tick("89")
    assert world.open().items() < before.items(), "a buy was filled, and no sell took its place"
    assert any(reason.startswith("halted: Trading is halted") for reason in world.store.reasons.values())
    world.check()
    run(world.engine.halt(""))
    assert len(world.open()) == len(before)
    assert not any(world.store.reasons.values())


def test_under_a_halt_no_stop_loss_sells() -> None:
    """Prices may be what is wrong."""
    world = bot(100, stop_loss_price=Decimal(79))
    run(world.engine.halt("drill"))
    world.tick("78")
    assert world.store.stop is None
    run(world.engine.halt(""))
    assert world.store.stop is not None, "it is made up for"


def test_under_a_halt_a_bot_can_still_be_stopped_and_sold_out() -> None:
    world = bot(100)
    run(world.engine.halt("drill"))
    world.stop("sell")
    assert world.engine.done
    assert world.store.position.base < COIN.lot


# Stale prices


def test_the_initial_purchase_waits_for_a_fresh_price() -> None:
    world = World(GRID, COIN, limits=FAR)
    world.engine.risk_manager.priced_at = world.exchange.now - STALE_MS - 1
    world.start()
    assert world.store.position.base == 0
    assert world.store.reasons[-1].startswith("stale_price: ")
    silence(world, 1000)
    assert world.store.position.base == 0
    assert world.engine.wake_at <= world.exchange.now + 1000, "it looks again by itself"
    world.tick("100")
    assert world.store.position.base > 0


def test_post_only_orders_of_a_grid_do_not_wait() -> None:
    world = bot()
    world.tick("94")
    silence(world, STALE_MS + 1000)
    count = len(world.exchange.sent)
    world.exchange.move(Decimal("89"))  # fills come, prices do not
    world.settle()
    assert len(world.exchange.sent) > count
    assert all(order.type is OrderType.LIMIT and order.post_only for order in world.exchange.sent[count:])


def test_selling_out_waits_for_a_fresh_price() -> None:
    world = bot(100)
    world.wait(1000)
    silence(world, STALE_MS + 1000)
    world.stop("sell")
    assert not world.engine.done
    assert world.store.position.base > 0
    assert not world.open(), "cancelling does not"
    world.tick("99")
    assert world.engine.done
    assert world.exchange.sent[-1].side is Side.SELL


# Runaways


def test_orders_given_up_unsent_count_once_however_often_they_are_planned() -> None:
    world = World(WIDE, COIN, limits=replace(FAR, max_orders_per_minute=12)).start()
    minutes(world, 3)
    assert len(world.open()) == 24
    world.exchange.create_takes = 1_500
    cancelled = [order.client_id for order in world.store.live()[:10]]
    for client_id in cancelled:
        world.exchange.cancel_by_hand(client_id)
    events, world.exchange.events = list(world.exchange.events), []
    for event in events:
        run(world.engine.execution.take(world.engine.execution.find(event.client_id), event))
    run(world.engine.act(explained=False))
    for _ in range(10):
        world.wait(1_000)
    assert sum(order.reason == "never_sent" for order in world.store.orders.values()) > 5
    assert tripped(world) == ""
    assert len(world.open()) == 24
