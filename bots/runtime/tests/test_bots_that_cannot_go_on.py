"""A bot that cannot go on says so once, cancels what it can, and can be deleted."""

import asyncio
from typing import Any

import pytest

from bots.core.ports import AccountRefused, UnknownSymbol
from bots.levels import levels
from bots.models import Bot
from bots.runtime import starts
from bots.runtime import worker as runtime
from bots.runtime.tests.conftest import World, until
from bots.services import lifecycle
from bots.services.errors import IllegalMove, InvalidConfig
from exchanges.connector.binance.rest import BinanceConnector
from exchanges.models import Credential, PermissionState


def errors(bot: Bot) -> list[str]:
    return list(bot.events.filter(kind="error").values_list("text", flat=True))


def test_a_config_that_is_not_valid_any_more_ends_in_error_and_its_orders_are_cancelled(world: World) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    first.close()
    task.result(timeout=60)
    Bot.objects.filter(pk=bot.pk).update(config={**bot.config, "an_old_option": True})
    second = world.worker()
    world.run(second, bot).result(timeout=60)
    assert world.on_exchange() == []
    world.run(second, bot).result(timeout=60)
    bot.refresh_from_db()
    assert bot.status == "error"
    assert "an_old_option" in bot.status_reason
    assert len(errors(bot)) == 1
    assert {level["slot"] for level in levels(bot)} >= set(range(10))  # its page still opens
    with pytest.raises(InvalidConfig):
        lifecycle.start_bot(bot=bot)


def test_a_bot_whose_market_is_gone_says_so_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    first.close()
    task.result(timeout=60)

    async def unlisted(*_: Any) -> Any:
        raise UnknownSymbol("Binance does not list BTC/USDT.")

    monkeypatch.setattr(BinanceConnector, "market", unlisted)
    second = world.worker()
    for _ in range(3):
        world.run(second, bot).result(timeout=60)
    bot.refresh_from_db()
    assert bot.status == "error"
    assert len(errors(bot)) == 1


def test_a_bot_whose_market_and_orders_are_gone_is_closed_and_can_be_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.AUTOGRID_BETWEEN_MISSES_MS = 10
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    first.close()
    task.result(timeout=60)

    async def unlisted(*_: Any) -> Any:
        raise UnknownSymbol("Binance does not list BTC/USDT.")

    monkeypatch.setattr(BinanceConnector, "market", unlisted)
    second = world.worker()
    world.run(second, bot).result(timeout=60)
    assert bot.orders.filter(status="open").count() == 10, "the exchange still has them"
    uid = int(world.credential.account_uid)
    world.sim.call(lambda exchange: exchange.cancel_all(uid, "BTCUSDT"))
    world.run(second, bot).result(timeout=60)
    assert bot.orders.filter(status="cancelled", reason="market_gone").count() == 10
    assert bot.events.filter(kind="market_gone").count() == 1
    bot.refresh_from_db()
    lifecycle.stop_bot(bot=bot)
    world.run(second, bot).result(timeout=60)
    until(lambda: not Bot.objects.get(pk=bot.pk).stopping)
    lifecycle.delete_bot(bot=bot)
    assert not Bot.objects.exists()


def test_a_key_that_fails_its_check_ends_its_bots_and_their_orders(world: World) -> None:
    bot = world.bot()
    task = world.started(world.worker(), bot, orders=10)
    Credential.objects.filter(pk=world.credential.pk).update(is_valid=False)
    task.result(timeout=60)
    bot.refresh_from_db()
    assert bot.status == "error"
    assert world.on_exchange() == []
    assert len(errors(bot)) == 1


def test_a_bot_whose_key_is_refused_can_be_deleted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)

    async def refused(*_: Any) -> Any:
        raise AccountRefused("Binance refused the API key.", "-2015")

    monkeypatch.setattr(BinanceConnector, "cancel_order", refused)
    lifecycle.stop_bot(bot=bot)
    task.result(timeout=60)
    bot.refresh_from_db()
    assert (bot.status, bot.stopping) == ("error", True)
    lifecycle.delete_bot(bot=bot)
    assert not Bot.objects.exists()


def test_a_refused_key_is_told_while_others_of_it_wait_for_their_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts, "AT_ONCE", 1)
    monkeypatch.setattr(starts, "PATIENCE", 600.0)
    bots, first, both = [world.bot(name=f"Bot {number}") for number in range(2)], world.worker(), []

    async def refused(*_: Any) -> Any:
        while not both:
            both.extend(first.runners if len(first.runners) == 2 else ())
            await asyncio.sleep(0.01)
        raise AccountRefused("Binance refused the API key.", "-2015")

    for bot in bots:
        lifecycle.start_bot(bot=bot)
    monkeypatch.setattr(BinanceConnector, "market", refused)
    for task in [world.run(first, bot) for bot in bots]:
        task.result(timeout=60)
    assert set(Bot.objects.values_list("status", flat=True)) == {"error"}


def test_a_bot_whose_rows_cannot_be_read_keeps_no_other_from_its_own(world: World) -> None:
    broken, whole = world.bot(name="broken"), world.bot(name="whole")
    for bot in (broken, whole):
        lifecycle.start_bot(bot=bot)
    Bot.objects.filter(pk=broken.pk).update(fees={"USDT": "no number"})
    world.pool.submit(world.worker().run_bots, [broken.pk, whole.pk])
    until(lambda: whole.orders.filter(status="open").count() == 10)
    assert not broken.orders.exists()


def test_a_bot_in_error_whose_key_still_works_is_not_deleted_with_orders_left(world: World) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    first.close()
    task.result(timeout=60)
    Bot.objects.filter(pk=bot.pk).update(status="error")
    Credential.objects.update(is_valid=False, permission_state=PermissionState.VERIFIED_UNSAFE)
    with pytest.raises(IllegalMove):
        lifecycle.delete_bot(bot=bot)


def test_a_bot_that_crashes_again_and_again_is_tried_ever_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = world.bot()
    lifecycle.start_bot(bot=bot)
    first = world.worker()

    async def crash(_self: Any) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(runtime.Runner, "run", crash)
    rests = []
    monkeypatch.setattr(first.claims, "not_before", lambda _bot, seconds: rests.append(seconds))
    for _ in range(4):
        world.run(first, bot).result(timeout=60)
    until(lambda: len(rests) >= 4)
    assert rests == sorted(rests)
    assert rests[-1] >= 4 * rests[0]
