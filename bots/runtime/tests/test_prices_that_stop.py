"""The market falls silent: what the bot says, and what it does not send."""

from decimal import Decimal

import pytest

from bots.core import risk
from bots.core.ports import ExchangeUnavailable
from bots.models import BotEvent
from bots.runtime import silence
from bots.runtime.inbox import Reconcile
from bots.runtime.tests.conftest import until
from bots.services import lifecycle
from marketdata.public import PublicPrices


@pytest.fixture
def falls_silent(world, monkeypatch):
    """Starts a bot, and when it hears prices of the bus, patience ends: nor does the exchange tell one."""

    async def silent(*_):
        raise ExchangeUnavailable("away")

    monkeypatch.setattr(PublicPrices, "fetch", silent)
    worker, bot = world.worker(), world.bot()
    task = world.started(worker, bot, orders=10)
    runner = worker.runners[bot.pk]
    until(lambda: world.price("65201") or runner.ticker.price == Decimal("65201"))
    world.price("65202")  # the bus is listening now, and nothing is left on it after this one
    until(lambda: runner.ticker.price == Decimal("65202"))
    monkeypatch.setattr(risk, "STALE_MS", 400)
    monkeypatch.setattr(silence, "STALE_MS", 400)
    monkeypatch.setattr(silence, "SILENCE_MS", 800)
    return worker, bot, task


def kinds(worker, bot):
    """The bot looks around now, not at the minute's close."""
    look = Reconcile(full=False)
    worker.loop.call_soon_threadsafe(worker.runners[bot.pk].inbox.put, look)
    return list(
        BotEvent.objects.filter(bot=bot, kind__in=["stale_price", "price_back"])
        .order_by("time")
        .values_list("kind", flat=True)
    )


def test_silence_is_said_once_and_so_is_its_end(world, falls_silent):
    worker, bot, _ = falls_silent
    until(lambda: kinds(worker, bot) == ["stale_price"])
    engine = worker.runners[bot.pk].engine
    until(lambda: kinds(worker, bot) and engine.risk_manager.price_age(engine.now) > 2000)
    assert kinds(worker, bot) == ["stale_price"]
    until(lambda: world.price("65210") or kinds(worker, bot)[:2] == ["stale_price", "price_back"])


def test_nothing_is_sold_at_a_price_nobody_knows(world, falls_silent):
    worker, bot, task = falls_silent
    until(lambda: kinds(worker, bot) == ["stale_price"])
    lifecycle.kill_bot(bot=bot, action="cancel_and_sell")
    until(lambda: not world.on_exchange())
    until(lambda: bot.slots.filter(reason__startswith="stale_price").exists())
    assert not bot.orders.filter(slot=-2).exists()
    until(lambda: world.price("65210") or task.done())
    task.result(timeout=60)
    assert bot.orders.get(slot=-2).status == "filled"
    bot.refresh_from_db()
    assert (bot.halted, bot.stopping) == (True, False)
