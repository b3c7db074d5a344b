"""The exchange changes tick, lot and minimum under a running bot."""

from decimal import Decimal

import pytest

from bots.runtime.tests.conftest import World, until
from exchanges.connector import markets

D = Decimal


def test_a_bot_goes_on_with_the_new_steps_of_its_market(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markets, "RETRY_SECONDS", 0.0)
    bot = world.bot()
    worker = world.worker()
    task = world.started(worker, bot, orders=10)
    world.sim.call(lambda exchange: exchange.change_rules("BTCUSDT", tick=D("0.1"), lot=D("0.001")))
    world.price("63950")  # a buy is filled; its sale no longer fits
    task.result(timeout=60)
    bot.refresh_from_db()
    assert bot.status == "running"
    assert "new steps or minimums" in bot.events.get(kind="market_changed").text
    world.run(worker, bot)
    until(lambda: len(world.on_exchange()) == 10)
    sales = [order.quantity for order in world.on_exchange() if order.side == "sell"]
    assert D("0.003") in sales, "what rests already may stay as it is"
