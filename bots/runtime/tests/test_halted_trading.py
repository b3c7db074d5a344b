"""Operators halt trading while bots are at work: nothing more goes out, within a second or two."""

import asyncio
import threading

import pytest

from accounts.models import User
from bots.models import BotEvent, Delivery
from bots.runtime.tests.conftest import until
from bots.runtime.worker import TELL_OF_CRASHES
from bots.services import halts, lifecycle, operators
from exchanges.connector.binance.rest import BinanceConnector


@pytest.fixture
def operator(transactional_db):
    return User.objects.create_superuser("operator@example.org", "correct horse battery")


def halt(world, operator, scope, action):
    whom = {"user": {"user": world.user}, "exchange": {"exchange": "binance"}}.get(scope, {})
    return operators.halt_trading(scope=scope, action=action, reason="drill", by=operator, **whom)


def told_to_pause(worker, bot):
    runner = worker.runners.get(bot.pk)
    return runner is not None and bool(runner.engine.risk_manager.halt)


@pytest.mark.parametrize("scope", ["all", "exchange", "user"])
def test_a_paused_opening_keeps_what_is_open_takes_fills_in_and_opens_nothing(world, operator, scope):
    worker, bot = world.worker(), world.bot()
    world.started(worker, bot, orders=10)
    placed = halt(world, operator, scope, "pause")
    until(lambda: told_to_pause(worker, bot))
    before = {order.client_id for order in world.on_exchange()}
    world.price("64400")  # through the buy at 64,500... which would be followed by a sell
    until(lambda: bot.orders.filter(status="filled", side="buy", slot__gte=0).exists())
    until(lambda: bot.slots.filter(reason__startswith="halted: Trading").exists())
    assert {order.client_id for order in world.on_exchange()} < before, "nothing new, nothing cancelled"
    bot.refresh_from_db()
    assert bot.status == "running"
    halts.lift_halt(halt=placed, by=operator)
    until(lambda: bot.orders.filter(status="open").count() == 10)


def test_stop_cancels_what_is_open(world, operator):
    worker, bot = world.worker(), world.bot()
    task = world.started(worker, bot, orders=10)
    halt(world, operator, "all", "stop")
    task.result(timeout=60)
    bot.refresh_from_db()
    assert (bot.status, bot.stopping, bot.halted) == ("stopped", False, False)
    assert world.on_exchange() == []


def test_a_bot_that_starts_in_the_same_moment_is_stopped_by_its_worker(world, operator):
    worker, bot = world.worker(), world.bot()
    lifecycle.start_bot(bot=bot)
    halts.place_halt(
        scope="all", action="stop", reason="drill", by=operator
    )  # it has not seen this bot start
    world.run(worker, bot).result(timeout=60)
    bot.refresh_from_db()
    assert (bot.status, bot.stopping) == ("stopped", False)
    assert not bot.orders.filter(sent_at__isnull=False).exists(), "not one order went out"
    assert BotEvent.objects.filter(bot=bot, kind="trading_halted").count() == 1


def test_a_halt_placed_while_a_bot_waits_for_its_exchange_lets_no_order_through(world, operator, monkeypatch):
    worker, bot = world.worker(), world.bot()
    lifecycle.start_bot(bot=bot)
    market, silent, back = BinanceConnector.market, threading.Event(), asyncio.Event()

    async def late(self, symbol):
        silent.set()
        await back.wait()
        return await market(self, symbol)

    monkeypatch.setattr(BinanceConnector, "market", late)
    world.run(worker, bot)
    assert silent.wait(60)
    halt(world, operator, "all", "pause")
    worker.loop.call_soon_threadsafe(back.set)
    until(lambda: bot.slots.filter(reason__startswith="halted: Trading").exists())
    assert not bot.orders.filter(sent_at__isnull=False).exists()


def test_a_bot_that_fails_again_and_again_tells_its_user(world, monkeypatch):
    worker, bot = world.worker(), world.bot()
    lifecycle.start_bot(bot=bot)
    monkeypatch.setattr("bots.runtime.runner.Runner._work", _fail)
    for crashes in range(TELL_OF_CRASHES):
        assert not Delivery.objects.exists(), f"after {crashes} of them"
        world.run(worker, bot).result(timeout=60)
    assert Delivery.objects.get().kind == "bot_crashing"


async def _fail(*_):
    raise ZeroDivisionError
