"""Backtests in the background: one of a user at a time, in a fair order, to an end whatever happens."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import repeat
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from bots.backtest import jobs, kept, running, watch
from bots.backtest import waiting as waiting_for_candles
from bots.backtest.replay import Replay
from bots.models import Backtest, BacktestKind
from bots.tasks import run_backtests
from bots.tests.test_backtest import URL, body, stored
from bots.tests.test_kept_backtests import waiting
from marketdata.completing import CandlesLoading

__all__ = ["stored"]
pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 120.0


def until(happened: Callable[[], Any]) -> None:
    last = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < last, "it did not happen"
        time.sleep(0.02)


def does(monkeypatch: pytest.MonkeyPatch, work: running.Work) -> None:
    monkeypatch.setitem(running.WORK, BacktestKind.RUN, work)


def at_once(row: Backtest, _: watch.Watch) -> Any:
    return {"done": str(row.pk)}, {}


@pytest.fixture
def running_jobs() -> Iterator[Callable[[], threading.Thread]]:
    """Starts a worker's thread; all have ended when the test has."""
    threads: list[threading.Thread] = []

    def work() -> None:
        try:
            jobs.run_waiting()
        finally:
            connection.close()

    def start() -> threading.Thread:
        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return threads[-1]

    yield start
    Backtest.objects.all().delete()
    for thread in threads:
        thread.join(PATIENCE)


def test_a_background_backtest_gives_what_the_usual_one_gives(alices: APIClient, stored: None) -> None:
    answer = alices.post(URL, body(background=True), format="json")
    assert answer.status_code == 202
    queued = answer.json()
    assert (queued["status"], queued["progress"]) == ("queued", 0.0)
    assert run_backtests.name == kept.RUN_TASK
    assert run_backtests() == 1
    found = alices.get(f"{URL}/{queued['id']}").json()
    assert (found["status"], found["progress"], found["error"]) == ("done", 1.0, "")
    usual = alices.post(URL, body(), format="json").json()
    del usual["id"]
    assert found["result"] == usual


def test_what_cannot_be_answered_is_refused_at_once(alices: APIClient, stored: None) -> None:
    answer = alices.post(URL, body(background=True, symbol="NO/SUCH"), format="json")
    assert answer.status_code == 400
    assert not Backtest.objects.exists()


def test_a_refusal_that_needs_the_candles_is_a_sentence_of_the_row(alices: APIClient, stored: None) -> None:
    config = {**body()["config"], "investment": 10, "grid_count": 100}
    made = alices.post(URL, body(background=True, config=config), format="json").json()
    jobs.run_waiting()
    found = alices.get(f"{URL}/{made['id']}").json()
    assert found["status"] == "failed"
    assert "invest at least" in found["error"]
    assert found["result"] is None


def test_an_accident_is_told_without_its_details(alice: User, monkeypatch: Any, caplog: Any) -> None:
    def breaks(row: Backtest, _: watch.Watch) -> Any:
        raise RuntimeError("postgres://secret")

    does(monkeypatch, breaks)
    row = waiting(alice)
    jobs.run_waiting()
    row.refresh_from_db()
    assert (row.status, row.error) == ("failed", jobs.BROKEN)


def test_progress_only_rises_and_says_how_many_candles_are_here(
    alices: APIClient, stored: None, monkeypatch: Any
) -> None:
    told: list[tuple[float, str]] = []
    steps = [0.5, 0.25, 0.75]
    real = running.service.case_of

    def loading(request: Any, patience: float) -> Any:
        if steps:
            done = steps.pop(0)
            raise CandlesLoading(f"The candles are being fetched: {done:.0%} are here. Ask again.", done)
        return real(request, patience)

    class Told(watch.Watch):
        def tell(self, progress: float, doing: str) -> None:
            super().tell(progress, doing)
            told.append((self._progress, self._doing))

    monkeypatch.setattr(running.service, "case_of", loading)
    monkeypatch.setattr(jobs, "Watch", Told)
    alices.post(URL, body(background=True), format="json")
    jobs.run_waiting()
    assert Backtest.objects.get().status == "done"
    assert told[1] == (waiting_for_candles.LOADING / 2, "The candles are being fetched: 50% are here.")
    assert [progress for progress, _ in told] == sorted(progress for progress, _ in told)


def test_one_of_a_user_at_a_time_and_the_others_in_turn(alice: User, bob: User, monkeypatch: Any) -> None:
    order: list[Any] = []

    def notes(row: Backtest, _: watch.Watch) -> Any:
        order.append(row.pk)
        assert Backtest.objects.filter(user=row.user, status="running").count() == 1
        return {}, {}

    does(monkeypatch, notes)
    hers = [waiting(alice).pk for _ in range(3)]
    his = [waiting(bob).pk for _ in range(2)]
    jobs.run_waiting()
    assert order == [hers[0], his[0], hers[1], his[1], hers[2]]


def test_while_one_runs_the_same_users_next_waits(
    alice: User, bob: User, monkeypatch: Any, running_jobs: Any
) -> None:
    def goes_on(row: Backtest, told: watch.Watch) -> Any:
        while row.user == alice:
            told.wait(0.1)
        return {}, {}

    does(monkeypatch, goes_on)
    first, second = waiting(alice), waiting(alice)
    running_jobs()
    until(lambda: Backtest.objects.filter(pk=first.pk, status="running").exists())
    his = waiting(bob)
    jobs.run_waiting()
    his.refresh_from_db()
    second.refresh_from_db()
    assert (his.status, second.status) == ("done", "queued")


def test_a_cancelled_one_stops_and_leaves_no_result(
    alices: APIClient, alice: User, monkeypatch: Any, running_jobs: Any
) -> None:
    stopped = threading.Event()

    def goes_on(_: Backtest, told: watch.Watch) -> Any:
        try:
            while True:
                told.wait(0.05)
        finally:
            stopped.set()

    does(monkeypatch, goes_on)
    row = waiting(alice)
    worker = running_jobs()
    until(lambda: Backtest.objects.filter(pk=row.pk, status="running").exists())
    assert alices.delete(f"{URL}/{row.pk}").status_code == 204
    assert stopped.wait(PATIENCE)
    worker.join(PATIENCE)
    row.refresh_from_db()
    assert (row.status, row.result, row.doing) == ("cancelled", None, "")


def test_an_exact_replay_stops_in_the_midst_of_it(
    alices: APIClient, stored: None, monkeypatch: Any, running_jobs: Any
) -> None:
    begun = threading.Event()

    def never_ends(self: Replay, number: int) -> None:
        begun.set()
        time.sleep(0.01)

    monkeypatch.setattr(Replay, "_walk", never_ends)
    monkeypatch.setattr(Replay, "_interesting", lambda self, number: repeat(1))
    config = {"amount": 100, "interval": "6h", "max_investment": 1000}
    asked = body(background=True, strategy="dca", config=config, risk=True)
    made = alices.post(URL, asked, format="json").json()
    worker = running_jobs()
    assert begun.wait(PATIENCE)
    alices.delete(f"{URL}/{made['id']}")
    worker.join(PATIENCE)
    assert not worker.is_alive()
    assert Backtest.objects.get().status == "cancelled"


def test_one_that_was_cancelled_too_late_stays_cancelled(alice: User, monkeypatch: Any) -> None:
    def last_moment(row: Backtest, _: watch.Watch) -> Any:
        kept.cancel(backtest=row)
        return {"all": "done"}, {}

    does(monkeypatch, last_moment)
    row = waiting(alice)
    jobs.run_waiting()
    row.refresh_from_db()
    assert (row.status, row.result) == ("cancelled", None)


def test_a_process_that_ends_puts_its_job_back(alice: User, monkeypatch: Any, running_jobs: Any) -> None:
    begun = threading.Event()

    def goes_on(_: Backtest, told: watch.Watch) -> Any:
        begun.set()
        while True:
            told.wait(0.05)

    does(monkeypatch, goes_on)
    row = waiting(alice)
    worker = running_jobs()
    assert begun.wait(PATIENCE)
    monkeypatch.setattr(watch.closing, "is_set", lambda: True)
    worker.join(PATIENCE)
    row.refresh_from_db()
    assert row.status == "queued"


KILLED = """
import django, sys, time
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from bots.backtest import jobs, running
def forever(row, watch):
    watch.tell(0.4, "Counting.")
    while True:
        time.sleep(0.1)
running.WORK["run"] = forever
jobs.run_waiting()
"""


@pytest.mark.processes
def test_what_a_killed_worker_had_begun_is_begun_again(alice: User, monkeypatch: Any) -> None:
    row = waiting(alice)
    name = connection.settings_dict["NAME"]
    worker = subprocess.Popen([sys.executable, "-c", KILLED, name])
    try:
        until(lambda: Backtest.objects.filter(pk=row.pk, status="running", progress=0.4).exists())
    finally:
        worker.kill()
        worker.wait()
    does(monkeypatch, at_once)
    monkeypatch.setattr(jobs, "SILENT", timedelta(hours=1))
    assert jobs.run_waiting() == 0
    monkeypatch.setattr(jobs, "SILENT", timedelta(0))
    until(jobs.run_waiting)
    row.refresh_from_db()
    assert (row.status, row.result, row.token) == ("done", {"done": str(row.pk)}, 2)


def silent(user: User, **changes: Any) -> Backtest:
    long_ago = timezone.now() - 2 * watch.SILENT - timedelta(seconds=1)
    return waiting(user, status="running", seen_at=long_ago, **changes)


def test_what_kills_its_worker_again_and_again_is_given_up(alice: User) -> None:
    row = silent(alice, token=jobs.MOST_CLAIMS)
    assert jobs.run_waiting() == 0
    row.refresh_from_db()
    assert (row.status, row.error) == ("failed", jobs.LOST)


def test_a_worker_that_comes_back_to_life_writes_nothing(alice: User, monkeypatch: Any) -> None:
    def taken_away(row: Backtest, _: watch.Watch) -> Any:
        if row.token == 1:
            Backtest.objects.filter(pk=row.pk).update(token=2)
        return {"of": row.token}, {}

    does(monkeypatch, taken_away)
    row = waiting(alice)
    jobs.run_waiting()
    row.refresh_from_db()
    assert (row.status, row.result) == ("running", None)
