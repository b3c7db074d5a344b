"""A process that is frozen (SIGSTOP, a paused machine) keeps its database sessions, and with them its locks, for as
long as it stands still. Nobody may wait for it, and what it had begun must hurt nobody when it goes on."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import Error, connection, connections
from django.utils import timezone

from accounts.services import register
from bots.models import Bot, Worker
from bots.runtime import leases
from bots.runtime.leases import reap
from bots.runtime.store import DatabaseStore
from bots.runtime.tests.conftest import World, until
from bots.services import lifecycle, trading
from bots.tests.records import claim, plain_bot

LOCK = "SELECT id FROM bots WHERE id = %s FOR NO KEY UPDATE"


@pytest.fixture
def no_waiting(transactional_db: None) -> Iterator[None]:
    """Who waits for a lock all the same fails; not whoever uses this connection afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


@pytest.fixture
def frozen(no_waiting: None) -> Iterator[psycopg.Connection[Any]]:
    """A session of a process that stands still; what it executes stays open in its transaction."""
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{name: parameters[name] for name in names if name in parameters}) as link:
        yield link
        link.rollback()


def bots_of_a_dead_worker(count: int) -> tuple[Worker, list[Bot]]:
    long_ago = timezone.now() - timedelta(seconds=leases.TTL + 1)
    dead = Worker.objects.create(name="dead", lock_key=1, heartbeat_at=long_ago)
    alice = register(email="alice@example.org", password="correct horse battery")
    bots = [plain_bot(alice, status="running") for _ in range(count)]
    for bot in bots:
        claim(bot_id=bot.pk, worker=dead)
    return dead, bots


def test_its_bots_are_taken_over_but_for_the_one_it_has_locked(frozen: psycopg.Connection[Any]) -> None:
    _, (locked, free) = bots_of_a_dead_worker(2)
    frozen.execute(LOCK, [locked.pk])
    assert reap() == [free.pk]
    frozen.rollback()
    assert set(reap()) == {free.pk, locked.pk}
    assert not Worker.objects.exists()


def test_a_claim_it_had_begun_holds_up_nobody(frozen: psycopg.Connection[Any]) -> None:
    dead, (held, wanted) = bots_of_a_dead_worker(2)
    Bot.objects.filter(pk=wanted.pk).update(lease_owner=None)
    frozen.execute("UPDATE bots SET lease_owner_id = %s WHERE id = %s", [dead.pk, wanted.pk])
    assert set(reap()) == {held.pk, wanted.pk}
    other = Worker.objects.create(name="other", lock_key=2, heartbeat_at=timezone.now())
    assert leases.claim(bot_ids=[held.pk, wanted.pk], worker=other).keys() == {held.pk}
    frozen.rollback()
    assert leases.claim(bot_ids=[wanted.pk], worker=other, fairly=False).keys() == {wanted.pk}


def test_the_reaper_it_was_is_soon_another(no_waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (bot,) = bots_of_a_dead_worker(1)
    asleep, awake, bury, ends = threading.Event(), threading.Event(), leases.bury_dead_workers, []

    def standing_still() -> list[str]:
        if threading.current_thread() is sleeper:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '300ms'")
            asleep.set()
            awake.wait(120)
        return bury()

    def reaping() -> None:
        try:
            reap()
        except Error as error:
            ends.append(error)
        finally:
            connections.close_all()

    monkeypatch.setattr(leases, "bury_dead_workers", standing_still)
    sleeper = threading.Thread(target=reaping, daemon=True)
    sleeper.start()
    assert asleep.wait(60)
    found: list[UUID] = until(reap)
    assert found == [bot.pk]
    awake.set()
    sleeper.join(60)
    assert len(ends) == 1  # it finds its session gone, and does no harm


def test_fills_that_it_books_when_it_goes_on_reach_the_bots_new_runner(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fills are booked whatever the token: what the new runner hears of them is old to the books, not to it."""
    ingest = DatabaseStore.ingest

    async def second(self: DatabaseStore, fill: Any) -> Any:
        booked = {"bot_id": self.lease.bot_id, "account": self.account, "fill": fill, "market": self.market}
        await self._run(trading.ingest_fill, **booked)
        return await ingest(self, fill)

    bot = world.bot()
    world.started(world.worker(), bot, orders=10)
    monkeypatch.setattr(DatabaseStore, "ingest", second)
    world.price("64950")
    until(lambda: bot.orders.filter(slot=5, side="sell", status="open").exists())
    world.price("63950")
    until(lambda: bot.orders.filter(slot=4, side="sell", status="open").exists())
    lifecycle.stop_bot(bot=bot)
    until(lambda: not Bot.objects.get(pk=bot.pk).stopping)
