"""Somebody does something at the exchange itself, behind the back of a running bot."""

from decimal import Decimal

import pytest

from bots.models import Bot, BotEvent
from bots.runtime import accounts
from bots.runtime.tests.conftest import World, until
from exchanges import services
from exchanges.models import PermissionState

D = Decimal


def uid(world: World) -> int:
    return int(world.credential.account_uid)


def live(bot: Bot) -> set[str]:
    return set(bot.orders.filter(status="open").values_list("client_order_id", flat=True))


def on_book(world: World) -> set[str]:
    return {order.client_id for order in world.on_exchange()}


def agree(bot: Bot, world: World, orders: int) -> bool:
    return live(bot) == on_book(world) and len(live(bot)) == orders


def test_an_order_cancelled_by_hand_is_placed_again_under_a_new_id(world: World) -> None:
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    before = on_book(world)
    gone = world.on_exchange()[0]
    world.sim.call(lambda exchange: exchange.cancel(gone.uid, gone.symbol, gone.id, None))
    until(lambda: agree(bot, world, orders=10) and gone.client_id not in on_book(world))
    assert len(on_book(world) - before) == 1
    assert bot.orders.get(client_order_id=gone.client_id).status == "cancelled"


def test_money_taken_away_stops_buys_until_it_is_back(world: World) -> None:
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    before = world.sim.call(lambda exchange: exchange.accounts.by_uid[uid(world)].funds["USDT"].free)
    world.sim.call(lambda exchange: exchange.set_balance(uid(world), "USDT", D(0)))
    buy = next(order for order in world.on_exchange() if order.side == "buy")
    # what the cancelled order held is taken as well
    world.sim.call(lambda exchange: exchange.cancel(buy.uid, buy.symbol, buy.id, None))
    world.sim.call(lambda exchange: exchange.set_balance(uid(world), "USDT", D(0)))
    until(lambda: bot.events.filter(kind="insufficient_funds").exists())
    assert len(on_book(world)) == 9
    world.sim.call(lambda exchange: exchange.set_balance(uid(world), "USDT", before + 1_000))
    until(lambda: agree(bot, world, orders=10), seconds=60)


def test_a_revoked_key_ends_the_bot_whose_orders_are_cancelled_when_it_works_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "RECONCILE_EVERY", 1.0)
    bot = world.bot()
    worker = world.worker()
    task = world.started(worker, bot, orders=10)
    world.sim.strike("key_revoked")
    task.result(timeout=60)
    bot.refresh_from_db()
    assert bot.status == "error"
    assert len(on_book(world)) == 10, "without a key nothing can be cancelled"
    until(lambda: BotEvent.objects.filter(bot=bot, kind="error").count() == 1)
    world.sim.end_faults()
    services.validate_credential(credential=world.credential)
    world.run(worker, bot).result(timeout=60)
    assert on_book(world) == set()
    bot.refresh_from_db()
    assert bot.status == "error"


def test_a_key_that_may_withdraw_now_opens_no_more_orders(world: World) -> None:
    bot = world.bot()
    task = world.started(world.worker(), bot, orders=10)
    world.sim.strike("key_withdraw")
    assert services.recheck_credentials()["refused"] == 1
    world.credential.refresh_from_db()
    assert world.credential.permission_state == PermissionState.VERIFIED_UNSAFE
    task.result(timeout=60)
    bot.refresh_from_db()
    assert bot.status == "error"
    assert on_book(world) == set()
    assert not live(bot)
