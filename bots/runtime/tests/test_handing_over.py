"""A worker that ends gives its bots back, whatever they are doing; one that lives never keeps one it does not run."""

import asyncio
import threading
from typing import Any

import pytest
from django.db import OperationalError, connections

from bots.runtime import leases, worker
from bots.runtime.tests.conftest import World, until
from bots.runtime.worker import BotWorker
from bots.services import lifecycle
from exchanges.connector.binance.rest import BinanceConnector


def closing_thread(ending: BotWorker) -> threading.Thread:
    def close() -> None:
        try:
            ending.close()
        finally:
            connections.close_all()

    thread = threading.Thread(target=close, daemon=True)
    thread.start()
    return thread


def test_a_bot_that_is_being_claimed_when_its_worker_closes_is_given_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = world.bot()
    lifecycle.start_bot(bot=bot)
    first = world.worker()
    claiming, go_on, claim = threading.Event(), threading.Event(), leases.claim

    def slowly(**what: Any) -> Any:
        claiming.set()
        go_on.wait(60)
        return claim(**what)

    monkeypatch.setattr(leases, "claim", slowly)
    task = world.run(first, bot)
    assert claiming.wait(60)
    closing = closing_thread(first)
    until(lambda: first.closing)
    go_on.set()
    closing.join(60)
    assert not closing.is_alive()
    task.result(timeout=60)
    bot.refresh_from_db()
    assert bot.lease_owner_id is None


def test_a_runner_whose_exchange_is_silent_does_not_hold_up_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "HAND_OVER", 0.2, raising=False)
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    asked = threading.Event()

    async def silence(*_: Any) -> Any:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(BinanceConnector, "order_fills", silence)
    monkeypatch.setattr(BinanceConnector, "create_order", silence)
    world.price("64950")  # a fill, and so an order in return, which nobody answers
    assert asked.wait(60)
    closing = closing_thread(first)
    closing.join(60)
    assert not closing.is_alive()
    assert task.exception(timeout=60) is not None  # cancelled
    bot.refresh_from_db()
    assert bot.lease_owner_id is None


def test_a_release_that_failed_is_done_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = world.bot()
    first = world.worker()
    task = world.started(first, bot, orders=10)
    release, failures = leases.release, [OperationalError("the pool is used up")]

    def sometimes(**what: Any) -> None:
        if failures:
            raise failures.pop()
        release(**what)

    monkeypatch.setattr(leases, "release", sometimes)
    lifecycle.stop_bot(bot=bot)
    task.result(timeout=60)
    bot.refresh_from_db()
    assert (bot.stopping, bot.lease_owner_id) == (False, None)
