"""What a user tells a bot while it is busy with what he told it before."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from bots.core.ports import ExchangeUnavailable
from bots.models import Bot, EquitySnapshot
from bots.runtime.loading import load
from bots.runtime.tests.conftest import World, until
from bots.services import lifecycle, outcome, queue
from bots.tests.records import lease_of, plain_bot
from exchanges.connector.binance.rest import BinanceConnector
from marketdata.partitions import ensure_month


def test_the_kill_switch_sells_although_the_bot_was_stopping_to_keep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = world.bot()
    task = world.started(world.worker(), bot, orders=10)
    cancel, away = BinanceConnector.cancel_order, [True]

    async def cancel_later(self: BinanceConnector, *what: Any) -> Any:
        if away:
            raise ExchangeUnavailable("away")
        return await cancel(self, *what)

    monkeypatch.setattr(BinanceConnector, "cancel_order", cancel_later)
    lifecycle.stop_bot(bot=bot)
    runner = world.workers[0].runners[bot.pk]
    until(lambda: runner.engine.mode == "stopping")
    lifecycle.kill_bot(bot=bot, action="cancel_and_sell")
    until(lambda: runner.intent is not None and runner.intent.stop_action == "sell")
    away.clear()
    task.result(timeout=180)
    bot.refresh_from_db()
    assert (bot.stopping, bot.base < 1, bot.orders.filter(slot=-2).exists()) == (False, True, True)
    assert world.on_exchange() == []


def test_a_bot_has_not_stopped_when_another_end_was_asked_for_meanwhile(alice: User) -> None:
    bot = plain_bot(alice, status="stopped", stopping=True, stop_action="sell")
    outcome.finished(lease=lease_of(bot), action="keep")
    bot.refresh_from_db()
    assert (bot.stopping, bot.stop_action) == (True, "sell")
    outcome.finished(lease=lease_of(bot), action="sell")
    bot.refresh_from_db()
    assert (bot.stopping, bot.stop_action) == (False, "")


def test_no_order_goes_out_after_a_stop_although_a_batch_was_under_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = world.bot()
    lifecycle.start_bot(bot=bot)
    worker = world.worker()
    reserve = BinanceConnector.reserve_order
    gate, seen = asyncio.Event(), []

    async def reserve_slowly(self: BinanceConnector) -> None:
        seen.append(1)
        if len(seen) > 3:
            await gate.wait()
        await reserve(self)

    monkeypatch.setattr(BinanceConnector, "reserve_order", reserve_slowly)
    task = world.run(worker, bot)
    until(lambda: len(seen) > 3)
    lifecycle.stop_bot(bot=bot)
    runner = worker.runners[bot.pk]
    until(lambda: runner.intent is not None and runner.intent.stopping)
    sent = bot.orders.filter(sent_at__isnull=False).count()
    worker.loop.call_soon_threadsafe(gate.set)
    task.result(timeout=180)  # lets go
    world.run(worker, bot).result(timeout=180)
    assert not Bot.objects.get(pk=bot.pk).stopping
    assert bot.orders.filter(sent_at__isnull=False).count() == sent
    assert world.on_exchange() == []


def test_a_bot_started_again_while_it_winds_down_begins_a_new_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = world.bot()
    worker = world.worker()
    task = world.started(worker, bot, orders=10)
    cancel, away = BinanceConnector.cancel_order, [True]

    async def cancel_later(self: BinanceConnector, *what: Any) -> Any:
        if away:
            raise ExchangeUnavailable("away")
        return await cancel(self, *what)

    monkeypatch.setattr(BinanceConnector, "cancel_order", cancel_later)
    runner = worker.runners[bot.pk]
    Bot.objects.filter(pk=bot.pk).update(status="error")
    until(lambda: runner.engine.mode == "stopping")
    away.clear()
    Bot.objects.filter(pk=bot.pk).update(status="running", run=2, memory={})
    task.result(timeout=180)  # lets go
    world.run(worker, bot)
    until(lambda: Bot.objects.get(pk=bot.pk).memory.get("run") == 2)


def test_the_kill_switch_for_all_reaches_all_although_the_queue_is_away(
    transactional_db: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", away)
    for _ in range(3):
        plain_bot(alice, status="running")
    assert len(lifecycle.kill_all(user=alice, action="cancel")) == 3
    assert Bot.objects.filter(halted=True, stopping=True).count() == 3


def test_the_kill_switch_for_all_is_thrown_before_anybody_is_told(
    transactional_db: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(
        queue, "ask_for_runners", lambda _: killed.append(Bot.objects.filter(halted=True).count())
    )
    for _ in range(3):
        plain_bot(alice, status="running")
    lifecycle.kill_all(user=alice, action="cancel")
    assert killed == [3, 3, 3]


def test_the_losses_of_an_earlier_run_do_not_halt_the_next(alice: User) -> None:
    now = timezone.now()
    bot = plain_bot(alice, status="running", started_at=now - timedelta(minutes=2))
    for minutes, worth in ((30, 2000), (1, 1800)):
        time = now - timedelta(minutes=minutes)
        ensure_month("equity_snapshots", time)
        EquitySnapshot.objects.create(bot=bot, time=time, equity=worth, realized=0)
    loaded = load([bot.pk])[bot.pk]
    assert [equity for _, equity in loaded.closes] == [1800]
