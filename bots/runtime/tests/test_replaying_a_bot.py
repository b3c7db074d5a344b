"""The recorded inbox of a bot on the simulator, replayed through the engine."""

import gzip
import random
from decimal import Decimal
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bots.core.strategies.grid import GridStrategy
from bots.core.types import Side
from bots.models import Bot
from bots.recording import pages
from bots.recording.pages import Unreadable
from bots.runtime.tests.conftest import GRID, PRICE, World, until
from bots.runtime.worker import BotWorker
from bots.services import lifecycle

PATIENCE = 90.0


@pytest.fixture
def recordings(settings: Any, tmp_path: Path) -> Path:
    settings.AUTOGRID_RECORDINGS = tmp_path / "recordings"
    return tmp_path / "recordings"


def lively(world: World, bot: Bot, seed: int, steps: int) -> None:
    """A market that goes up and down through the bot's levels, one step at a time."""
    walk, price = random.Random(seed), PRICE
    for _ in range(steps):
        price = min(max(price + walk.randint(-9, 9) * 300, Decimal(60100)), Decimal(69900))
        world.price(price)
        until(lambda: bot.fills.count() == trades(world), PATIENCE)
        until(lambda: bot.orders.filter(status="open").count() == 10, PATIENCE)


def trades(world: World) -> int:
    uid = int(world.credential.account_uid)
    return world.sim.call(lambda exchange: len(list(exchange.journal.trades.of(uid))))


def is_ready(worker: BotWorker, bot: Bot) -> bool:
    return bot.pk in worker.runners and worker.runners[bot.pk].ready


def replayed(bot: Bot) -> str:
    out = StringIO()
    call_command("replay_bot", str(bot.pk), stdout=out)
    return out.getvalue()


def differing(bot: Bot) -> str:
    out = StringIO()
    with pytest.raises(CommandError, match="does not do what was recorded"):
        call_command("replay_bot", str(bot.pk), stdout=out)
    return out.getvalue()


def test_a_bot_that_was_restarted_replays_identically(world: World, recordings: Path) -> None:
    # Its market falls so far that a minute's close on the way would end the bot.
    bot = world.bot(GRID | {"max_loss_per_hour": 90})
    first = world.worker()
    world.started(first, bot, orders=10)
    lively(world, bot, seed=1, steps=12)
    first.close()
    task = world.run(world.worker(), bot)
    lively(world, bot, seed=2, steps=12)
    lifecycle.stop_bot(bot=bot)
    task.result(timeout=60)
    told = replayed(bot)
    assert told.count("from a start") == 2
    assert "without an end" not in told
    sent = bot.orders.exclude(sent_at=None).count()
    assert int(told.rpartition("Identical: ")[2].split()[0]) >= sent > 25


def test_another_strategy_does_not(world: World, recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = world.bot()
    worker = world.worker()
    world.started(worker, bot, orders=10)
    lively(world, bot, seed=1, steps=4)
    worker.close()
    assert "Identical" in replayed(bot)
    price = GridStrategy._price
    monkeypatch.setattr(
        GridStrategy,
        "_price",
        lambda self, slot, side, data: price(self, slot, side, data) + (side is Side.SELL) * data.market.tick,
    )
    told = differing(bot)
    assert "from a start: " in told
    assert "recorded: sell 0.00" in told
    assert "replayed: sell 0.00" in told


def test_a_strategy_that_does_less_differs_too(
    world: World, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = world.bot()
    worker = world.worker()
    world.started(worker, bot, orders=10)
    worker.close()
    calculate = GridStrategy.calculate_orders
    monkeypatch.setattr(
        GridStrategy, "calculate_orders", lambda self, data: [o for o in calculate(self, data) if o.slot != 3]
    )
    assert "recorded: buy 0.00" in differing(bot)


def test_a_killed_process_leaves_all_but_its_last_moment(world: World, recordings: Path) -> None:
    bot = world.bot()
    worker = world.worker()
    world.started(worker, bot, orders=10)
    lively(world, bot, seed=3, steps=6)
    [tape] = recordings.iterdir()
    killed = tape.read_bytes()  # what a kill -9 at this moment would leave
    worker.close()
    tape.write_bytes(killed)
    told = replayed(bot)
    assert "it stops without an end" in told
    assert int(told.rpartition("Identical: ")[2].split()[0]) == bot.orders.exclude(sent_at=None).count()
    tape.write_bytes(killed[: len(killed) * 2 // 3])
    assert "Identical" in replayed(bot)


def test_a_new_file_begins_with_what_the_last_one_ended_with(world: World, recordings: Path) -> None:
    bot = world.bot()
    worker = world.worker()
    world.started(worker, bot, orders=10)
    lively(world, bot, seed=4, steps=4)
    assert worker.tape is not None
    worker.loop.call_soon_threadsafe(worker.tape.turn)
    until(lambda: len(list(recordings.iterdir())) == 2)
    lively(world, bot, seed=5, steps=4)
    worker.close()
    told = replayed(bot)
    assert "from a new file" in told
    assert "without an end" not in told
    sorted(recordings.iterdir())[0].unlink()
    assert "from a start" not in replayed(bot)


def test_orders_without_an_answer_replay_as_well(world: World, recordings: Path) -> None:
    bot = world.bot()
    worker = world.worker()
    world.started(worker, bot, orders=10)
    world.sim.strike("accept_then_drop", endpoint="create", count=2)
    world.sim.strike("http_503", endpoint="create", count=1)
    lively(world, bot, seed=6, steps=6)
    worker.close()
    assert "Identical" in replayed(bot)


def test_files_are_the_operators_alone_and_hold_no_secret(world: World, recordings: Path) -> None:
    bot = world.bot()
    worker = world.worker()
    world.started(worker, bot, orders=10)
    worker.close()
    [tape] = recordings.iterdir()
    assert (recordings.stat().st_mode & 0o777, tape.stat().st_mode & 0o777) == (0o700, 0o600)
    text = gzip.decompress(tape.read_bytes())
    assert b"a" * 32 not in text
    assert b"s" * 32 not in text


def test_nothing_is_recorded_where_the_operator_wants_nothing(
    world: World, recordings: Path, settings: Any
) -> None:
    settings.AUTOGRID_RECORDING_DAYS = 0
    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    assert not recordings.exists()
    with pytest.raises(CommandError, match="recording is off"):
        replayed(bot)


def test_what_another_version_recorded_and_this_one_cannot_read_is_left_out(
    world: World, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = world.bot()
    for _ in range(2):
        worker = world.worker()
        if bot.orders.exists():
            world.run(worker, bot)
        else:
            world.started(worker, bot, orders=10)
        until(partial(is_ready, worker, bot), PATIENCE)
        worker.close()
    told = iter([Unreadable("bots.core.gone.Thing is no part of the trading core")])

    def thaw(state: bytes, **ports: Any) -> Any:
        for error in told:
            raise error
        return pages.thaw(state, **ports)

    monkeypatch.setattr("bots.backtest.recorded.thaw", thaw)
    text = replayed(bot)
    assert "left out, bots.core.gone.Thing" in text
    assert "Identical" in text
    told = iter([Unreadable("gone")] * 2)
    with pytest.raises(CommandError, match="of another version"):
        replayed(bot)
