"""Whatever happened while nobody looked: one path brings database and exchange together again."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from bots.core.types import OrderStatus, Side
from bots.models import Bot, Worker
from bots.runtime import leases
from bots.runtime.tests.conftest import World, until
from bots.services import lifecycle
from bots.tests.records import claim


def test_a_handed_over_bot_keeps_its_orders_and_books_what_it_missed(world: World) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    before = {order.client_id for order in world.on_exchange()}
    first.close()
    task.result(timeout=60)
    assert {order.client_id for order in world.on_exchange()} == before
    world.price("63900")  # fills two buys while nobody looks
    world.run(world.worker(), bot)
    until(lambda: bot.fills.filter(order__side="buy", order__type="limit").count() == 2)
    until(lambda: bot.orders.filter(status="open").count() == 10)
    assert_books_agree(world, bot)


def test_orders_cancelled_by_hand_are_placed_again(world: World) -> None:
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    uid = int(world.credential.account_uid)
    world.sim.call(lambda exchange: exchange.cancel_all(uid, "BTCUSDT"))
    until(lambda: bot.orders.filter(attempt=1, status="open").count() == 10)
    assert bot.orders.filter(status="cancelled").count() == 10
    assert_books_agree(world, bot)


def test_an_intent_that_was_never_sent_is_given_up_and_made_anew(world: World) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    first.close()
    task.result(timeout=60)
    crash_before_send(world, bot)
    world.run(world.worker(), bot)
    until(lambda: bot.orders.filter(reason="never_sent").count() == 1)
    until(lambda: bot.orders.filter(status="open").count() == 10)
    assert_books_agree(world, bot)


def crash_before_send(world: World, bot: Bot) -> None:
    """As after a SIGKILL between the intent's commit and the request."""
    order = bot.orders.filter(status="open", side="buy").first()
    uid = int(world.credential.account_uid)
    world.sim.call(lambda exchange: exchange.cancel(uid, "BTCUSDT", None, order.client_order_id))
    bot.orders.filter(pk=order.pk).update(status="pending", sent_at=None, exchange_order_id="")


def test_an_accepted_order_whose_answer_was_lost_is_found(world: World) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    first.close()
    task.result(timeout=60)
    lost = bot.orders.filter(status="open").first()
    bot.orders.filter(pk=lost.pk).update(status="pending", exchange_order_id="")
    world.run(world.worker(), bot)
    until(lambda: bot.orders.get(pk=lost.pk).status == "open")
    assert bot.orders.count() == 11  # ten slots and the purchase: nothing was sent again
    assert_books_agree(world, bot)


def test_an_order_that_was_given_up_too_early_is_cancelled_and_its_fills_are_booked(world: World) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    first.close()
    task.result(timeout=60)
    stray = bot.orders.filter(status="open", slot=5).get()
    bot.orders.filter(pk=stray.pk).update(status="error", reason="absent", exchange_order_id="")
    world.sim.call(lambda exchange: exchange.trade("BTCUSDT", Side.SELL, Decimal("65000"), Decimal("0.0005")))
    world.run(world.worker(), bot)
    until(lambda: bot.events.filter(kind="stray_cancelled").exists())
    assert bot.orders.get(pk=stray.pk).filled_quantity == Decimal("0.0005")
    world.price("65200")  # the trade had left the market at the slot's own level
    until(lambda: bot.orders.filter(status="open").count() == 10)
    assert_books_agree(world, bot)


def test_a_bot_that_is_asked_for_twice_at_once_runs_once(world: World) -> None:
    bot = world.bot()
    worker = world.worker()
    lifecycle.start_bot(bot=bot)
    for _ in range(4):
        world.run(worker, bot)
    until(lambda: bot.orders.filter(status="open").count() == 10)
    assert bot.events.filter(kind="run_started").count() == 1
    assert bot.orders.count() == 11
    assert_books_agree(world, bot)


def test_of_two_workers_only_one_runs_a_bot(world: World) -> None:
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    world.run(world.worker(), bot).result(timeout=60)  # returns at once
    assert sum(bot.pk in worker.runners for worker in world.workers) == 1


def test_a_worker_that_is_buried_writes_no_more_and_the_next_takes_over(world: World) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    Bot.objects.filter(pk=bot.pk).update(lease_owner=None, lease_token=bot.lease_token + 100)
    second = world.worker()
    world.run(second, bot)
    task.result(timeout=60)
    until(lambda: bot.pk in second.runners and second.runners[bot.pk].ready)
    world.price("64950")
    until(lambda: bot.orders.filter(slot=5, side="sell", status="open").exists())
    assert_books_agree(world, bot)


def test_a_worker_whose_lock_is_gone_is_buried_with_its_leases(world: World) -> None:
    bot = world.bot()
    lifecycle.start_bot(bot=bot)
    dead = Worker.objects.create(name="dead", lock_key=1, heartbeat_at=timezone.now())
    Worker.objects.filter(pk=dead.pk).update(started_at=timezone.now() - timedelta(minutes=1))
    lease = claim(bot_id=bot.pk, worker=dead)
    assert lease is not None
    assert leases.bury_dead_workers() == ["dead"]
    bot.refresh_from_db()
    assert bot.lease_owner_id is None
    assert bot.lease_token == lease.token + 1


def assert_books_agree(world: World, bot: Bot) -> None:
    """Each open order of the exchange is one open row, no slot has two, and soon no row is unknown."""
    until(
        lambda: (
            not bot.orders.filter(status=OrderStatus.PENDING.value).exists()
            and {order.client_id for order in world.on_exchange()}
            == set(bot.orders.filter(status=OrderStatus.OPEN.value).values_list("client_order_id", flat=True))
        )
    )
    slots = list(bot.orders.filter(status=OrderStatus.OPEN.value).values_list("slot", flat=True))
    assert len(slots) == len(set(slots))
