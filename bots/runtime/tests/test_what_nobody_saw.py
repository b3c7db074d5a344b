"""Fills, orders and cancellations that happened while nobody looked, down to orders we had given up."""

from decimal import Decimal
from typing import Any

import pytest

from bots.core.ids import bot_prefix
from bots.core.types import Side
from bots.models import Bot
from bots.runtime import accounts
from bots.runtime.tests.conftest import World, until
from bots.runtime.tests.test_recovery import assert_books_agree
from bots.services import lifecycle
from exchanges.connector.binance.rest import BinanceConnector
from exchanges.simulator.orders import Kind, NewOrder


def left_alone(world: World, orders: int = 10) -> Bot:
    """A bot with its orders at the exchange, and no worker."""
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=orders)
    first.close()
    task.result(timeout=60)
    return bot


def place(world: World, client_id: str, price: str = "61000") -> None:
    uid = int(world.credential.account_uid)
    new = NewOrder("BTCUSDT", Side.BUY, Kind.LIMIT, client_id, Decimal(price), Decimal("0.001"))
    world.sim.call(lambda exchange: exchange.place(uid, new))


def on_exchange(world: World) -> set[str]:
    return {order.client_id for order in world.on_exchange()}


def test_an_order_that_was_given_up_and_filled_unseen_is_found_by_its_trade(world: World) -> None:
    bot = left_alone(world)
    lost = bot.orders.get(status="open", slot=5)
    bot.orders.filter(pk=lost.pk).update(status="error", reason="absent", exchange_order_id="")
    world.price("64990")
    world.price("65200")
    world.run(world.worker(), bot)
    until(lambda: bot.orders.get(pk=lost.pk).status == "filled", 60)
    assert bot.fills.filter(order=lost).exists()
    until(lambda: bot.orders.filter(status="open").count() == 10)
    assert_books_agree(world, bot)


def test_a_fill_of_a_bot_at_rest_is_booked_by_its_neighbour(world: World) -> None:
    resting = left_alone(world)
    lost = resting.orders.get(status="open", slot=5)
    resting.orders.filter(status="open").exclude(pk=lost.pk).update(status="cancelled")
    resting.orders.filter(pk=lost.pk).update(status="error", reason="absent", exchange_order_id="")
    Bot.objects.filter(pk=resting.pk).update(status="stopped", stopping=False)
    world.price("64990")
    world.price("65200")
    neighbour = world.bot()
    world.started(world.worker(), neighbour, orders=10)
    first = resting.orders.order_by("sent_at").first()
    account = next(iter(world.workers[-1].accounts._opened()))
    account.history.want("BTC/USDT", first.sent_at)
    until(lambda: resting.orders.get(pk=lost.pk).status == "filled", 60)


def test_the_first_order_ever_that_filled_while_nobody_looked_is_booked(world: World) -> None:
    bot = world.bot({"amount": "100", "price_drop": "1", "max_orders": 2, "take_profit": "2"}, strategy="dca")
    first = world.worker()
    task = world.started(first, bot, orders=3)
    first.close()
    task.result(timeout=60)
    order = bot.orders.get(slot=0)
    # As after a kill between the request and its answer.
    bot.fills.all().delete()
    bot.orders.exclude(pk=order.pk).delete()
    bot.slots.all().delete()
    bot.orders.filter(pk=order.pk).update(
        status="pending", exchange_order_id="", filled_quantity=0, filled_quote=0, fee=0, fee_base=0
    )
    Bot.objects.filter(pk=bot.pk).update(
        cash=bot.total_investment, base=0, cost=0, trades=0, last_fill_time=0, last_trade_id="", fees={}
    )
    world.run(world.worker(), bot)
    until(lambda: bot.orders.get(pk=order.pk).status == "filled")
    assert bot.fills.filter(order=order).exists()


def test_an_order_of_this_bot_without_any_row_is_cancelled_and_told(world: World) -> None:
    bot = left_alone(world)
    place(world, f"{bot_prefix(bot.pk)}0300042b000")
    world.run(world.worker(), bot)
    until(lambda: bot.events.filter(kind="stray_cancelled").exists())
    assert_books_agree(world, bot)


def test_orders_of_another_installation_and_by_hand_are_never_touched(world: World) -> None:
    bot = left_alone(world)
    theirs = {"agzzzzzzzzzzzzz0300000b000", "web_1234", "ag"}
    for name in theirs:
        place(world, name)
    worker = world.worker()
    world.run(worker, bot)
    until(lambda: bot.pk in worker.runners and worker.runners[bot.pk].ready)
    lifecycle.stop_bot(bot=bot)
    until(lambda: not Bot.objects.get(pk=bot.pk).stopping)
    assert on_exchange(world) == theirs


def test_an_order_cancelled_by_hand_is_told_once_and_placed_again(world: World) -> None:
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    uid = int(world.credential.account_uid)
    world.sim.call(lambda exchange: exchange.cancel_all(uid, "BTCUSDT"))
    until(lambda: bot.orders.filter(attempt=1, status="open").count() == 10)
    assert bot.events.filter(kind="cancelled_outside").count() == 1


def test_the_bots_of_an_account_read_its_open_orders_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A read serves all of them however long they take to start, and none comes between.
    monkeypatch.setattr(accounts, "SHARED_FOR", 600.0)
    monkeypatch.setattr(accounts, "REMEMBERED", 600.0)
    monkeypatch.setattr(accounts, "RECONCILE_EVERY", 600.0)
    monkeypatch.setattr(accounts, "CONNECT_PATIENCE", 60.0)
    small = {"lower_price": "60000", "upper_price": "70000", "grid_count": 2, "investment": "200"}
    bots = [world.bot(small, name=f"Bot {i}") for i in range(8)]
    first = world.worker()
    tasks = [world.started(first, bot, orders=2) for bot in bots]
    first.close()
    for task in tasks:
        task.result(timeout=60)
    reads: list[str] = []
    read = BinanceConnector.open_orders

    async def counted(self: Any, symbol: str) -> Any:
        reads.append(symbol)
        return await read(self, symbol)

    monkeypatch.setattr(BinanceConnector, "open_orders", counted)
    second = world.worker()
    for bot in bots:
        world.run(second, bot)
    until(lambda: all(bot.pk in second.runners and second.runners[bot.pk].ready for bot in bots))
    until(lambda: all(second.runners[bot.pk]._recover_at is None for bot in bots))
    assert len(reads) <= 3
    for bot in bots:
        assert bot.orders.count() == bot.orders.filter(status__in=["open", "filled"]).count()
