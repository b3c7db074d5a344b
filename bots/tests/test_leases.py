"""Which worker runs which bot: one at a time, and none that is dead."""

import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from accounts import services
from bots.core.types import OrderStatus
from bots.models import Bot, Order, Worker
from bots.runtime import leases
from bots.services import trading
from bots.services.trading import Lease
from bots.tests.records import MARKET, claim, lease_of, opened, plain_bot


@pytest.fixture(autouse=True)
def _long_believed(monkeypatch):
    """Silence is what a test says, not how long it takes."""
    monkeypatch.setattr(leases, "TTL", 3600)


@pytest.fixture
def session(db):
    """`session(worker)` is the worker's database session: it holds its advisory lock until it is closed."""
    opened_sessions = []

    def hold(worker):
        parameters = connection.get_connection_params()
        names = ("host", "port", "user", "password", "dbname")
        link = psycopg.connect(**{name: parameters[name] for name in names if name in parameters})
        link.autocommit = True
        link.execute("SELECT pg_advisory_lock(%s, %s)", [leases.LOCK_CLASS, worker.lock_key])
        opened_sessions.append(link)
        return link

    yield hold
    for link in opened_sessions:
        link.close()


def worker(name="w1", key=1, age=60, silent=0):
    """A worker born `age` seconds ago whose last heartbeat is `silent` seconds old."""
    now = timezone.now()
    made = Worker.objects.create(name=name, lock_key=key, heartbeat_at=now - timedelta(seconds=silent))
    Worker.objects.filter(pk=made.pk).update(started_at=now - timedelta(seconds=age))
    return made


@pytest.fixture
def bot(alice):
    return plain_bot(alice, status="running", lease_token=3)


def test_a_claim_takes_the_bot_and_raises_its_token(bot):
    owner = worker()
    assert claim(bot_id=bot.pk, worker=owner) == Lease(bot.pk, 4)
    bot.refresh_from_db()
    assert (bot.lease_owner, bot.lease_token) == (owner, 4)


def test_a_bot_is_claimed_once(bot):
    assert claim(bot_id=bot.pk, worker=worker("w1", 1)) is not None
    assert claim(bot_id=bot.pk, worker=worker("w2", 2)) is None
    bot.refresh_from_db()
    assert (bot.lease_owner.name, bot.lease_token) == ("w1", 4)


def test_of_workers_that_claim_at_once_one_gets_the_bot(transactional_db):
    alice = services.register(email="alice@example.org", password="correct horse battery")
    bot = plain_bot(alice, status="running")
    workers = [worker(f"w{number}", number) for number in range(4)]
    barrier, claimed = threading.Barrier(4), []

    def claiming(each):
        barrier.wait(60)
        claimed.append(claim(bot_id=bot.pk, worker=each))
        connection.close()

    threads = [threading.Thread(target=claiming, args=[each]) for each in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(claimed) == 4
    assert [lease for lease in claimed if lease] == [Lease(bot.pk, 1)]


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ({"status": "running"}, True),
        ({"status": "paused"}, True),
        ({"status": "stopped", "stopping": True}, True),
        ({"status": "stopped"}, False),
        ({"status": "stopped", "halted": True}, False),
        ({"status": "error"}, False),
    ],
)
def test_a_runner_exists_for_bots_at_work(alice, state, wanted):
    bot = plain_bot(alice, **state)
    assert list(leases.unclaimed_bots()) == ([bot.pk] if wanted else [])
    assert (claim(bot_id=bot.pk, worker=worker()) is not None) == wanted


@pytest.mark.parametrize("status", ["stopped", "error"])
def test_a_runner_exists_for_a_bot_with_a_live_or_unknown_order(alice, status):
    bot = plain_bot(alice, status=status)
    order = opened(bot)
    for state in ("pending", "open"):
        Order.objects.update(status=state)
        assert list(leases.unclaimed_bots()) == [bot.pk]
    trading.record(lease=lease_of(bot), order=order, status=OrderStatus.CANCELLED, market=MARKET)
    assert list(leases.unclaimed_bots()) == []


def test_a_bot_that_is_gone_is_not_claimed(bot):
    Bot.objects.all().delete()
    assert claim(bot_id=bot.pk, worker=worker()) is None


def test_a_released_bot_may_be_claimed_again(bot):
    lease = claim(bot_id=bot.pk, worker=worker("w1", 1))
    assert lease is not None
    leases.release(held=[lease])
    assert list(leases.unclaimed_bots()) == [bot.pk]
    assert claim(bot_id=bot.pk, worker=worker("w2", 2)) == Lease(bot.pk, 5)


def test_a_stale_lease_releases_nothing(bot):
    old = claim(bot_id=bot.pk, worker=worker("w1", 1))
    assert old is not None
    leases.release(held=[old])
    claim(bot_id=bot.pk, worker=worker("w2", 2))
    leases.release(held=[old])
    bot.refresh_from_db()
    assert bot.lease_owner.name == "w2"


def test_a_worker_that_ends_well_leaves_nothing(bot):
    owner = worker()
    claim(bot_id=bot.pk, worker=owner)
    leases.release_worker(worker=owner)
    assert not Worker.objects.exists()
    assert list(leases.unclaimed_bots()) == [bot.pk]


def test_a_living_worker_is_let_be(bot, session):
    owner = worker()
    session(owner)
    claim(bot_id=bot.pk, worker=owner)
    assert leases.bury_dead_workers() == []
    assert list(leases.unclaimed_bots()) == []


def wait_until_free(lock_key: int) -> None:
    """Postgres ends a session a moment after its client has hung up."""
    deadline = time.monotonic() + 60
    while lock_key in leases.living_lock_keys():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_worker_whose_session_ended_is_buried_and_its_token_void(bot, session):
    owner = worker()
    link = session(owner)
    lease = claim(bot_id=bot.pk, worker=owner)
    assert lease is not None
    link.close()
    wait_until_free(owner.lock_key)
    assert leases.bury_dead_workers() == ["w1"]
    assert not Worker.objects.exists()
    bot.refresh_from_db()
    assert (bot.lease_owner, bot.lease_token) == (None, lease.token + 1)
    assert list(leases.unclaimed_bots()) == [bot.pk]


def test_a_lost_host_shows_by_its_silence(bot, session):
    owner = worker(silent=leases.TTL + 1)
    session(owner)  # Postgres has not noticed yet
    claim(bot_id=bot.pk, worker=owner)
    assert leases.bury_dead_workers() == ["w1"]
    assert list(leases.unclaimed_bots()) == [bot.pk]


def test_a_short_silence_is_forgiven(session):
    session(worker(silent=leases.TTL / 2))
    assert leases.bury_dead_workers() == []


def test_a_host_whose_clock_is_ahead_buries_nobody(session, monkeypatch):
    session(worker())
    ahead = timezone.now() + timedelta(seconds=2 * leases.TTL)
    monkeypatch.setattr(timezone, "now", lambda: ahead)
    assert leases.bury_dead_workers() == []


def test_the_lock_of_another_worker_saves_nobody(session):
    session(worker("alive", 1))
    worker("dead", 2)
    assert leases.bury_dead_workers() == ["dead"]
    assert [each.name for each in Worker.objects.all()] == ["alive"]


def test_the_dead_ones_bots_are_released_and_no_others(alice, session):
    alive, dead = worker("alive", 1), worker("dead", 2)
    session(alive)
    bots = [plain_bot(alice, status="running") for _ in range(4)]
    for number, bot in enumerate(bots):
        claim(bot_id=bot.pk, worker=(alive, dead)[number % 2])
    leases.bury_dead_workers()
    assert list(leases.unclaimed_bots()) == [bots[1].pk, bots[3].pk]
