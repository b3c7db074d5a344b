"""A worker stops to trade when nobody vouches for it any more: its connection lost, itself frozen or buried. What the
clocks of the hosts say does not matter."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from bots.models import Worker
from bots.runtime import heartbeat, leases
from bots.runtime.heartbeat import Heartbeat
from bots.runtime.tests.conftest import until
from bots.runtime.worker import REQUEST_MARGIN


class Beating:
    def __init__(self) -> None:
        self.lost = threading.Event()
        self.heart = Heartbeat(self.lost.set)
        self.heart.start()

    @property
    def may_send(self) -> bool:
        return self.heart.is_fresh(REQUEST_MARGIN)


@pytest.fixture
def beating(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beating]:
    monkeypatch.setattr(heartbeat, "BEAT", 0.05)
    made = Beating()
    yield made
    made.heart.stop()


def test_it_may_trade_while_its_heart_beats(beating: Beating) -> None:
    until(lambda: Worker.objects.get().heartbeat_at > Worker.objects.get().started_at)
    assert beating.may_send
    assert not beating.lost.is_set()
    assert leases.bury_dead_workers() == []


def test_a_lost_connection_ends_it_and_others_bury_it(beating: Beating) -> None:
    key = beating.heart.worker.lock_key
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND classid = %s AND objid = %s",
            [leases.LOCK_CLASS, key],
        )
    assert beating.lost.wait(60)
    assert not beating.may_send
    until(lambda: key not in leases.living_lock_keys())
    assert leases.bury_dead_workers() == [beating.heart.worker.name]


def test_one_that_was_taken_for_dead_ends(beating: Beating) -> None:
    Worker.objects.all().delete()
    assert beating.lost.wait(60)
    assert not beating.may_send


def test_one_that_was_frozen_sends_nothing_before_its_heart_has_beaten_again(beating: Beating) -> None:
    """SIGSTOP and SIGCONT: a runner may be the first to go on."""
    beating.heart._stop.set()  # no beat, as in a process that stands still
    beating.heart._thread.join(60)
    beating.heart._stop.clear()
    assert beating.may_send
    beating.heart._last = time.monotonic() - leases.TTL + REQUEST_MARGIN
    assert not beating.may_send
    Worker.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=leases.TTL + 1))
    assert leases.bury_dead_workers() == [beating.heart.worker.name]


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_jumps_changes_nothing(
    beating: Beating, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + hours * 3600)
    jumped = timezone.now() + timedelta(hours=hours)
    monkeypatch.setattr(timezone, "now", lambda: jumped)
    assert beating.may_send
    assert leases.bury_dead_workers() == []
    assert not beating.lost.wait(0.2)
    assert beating.may_send
