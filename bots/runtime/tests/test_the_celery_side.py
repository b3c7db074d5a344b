"""What Celery's worker process does around the bots: a start without a database, SIGTERM, the backup look."""

import threading
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from accounts.models import User
from bots.runtime import leases, tasks
from bots.services.lifecycle import QUEUE
from bots.tests.records import plain_bot


class Worker:
    """In the place of BotWorker: `start` fails as it would, `close` takes as long as it takes."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.told, self.let_go = threading.Event(), threading.Event()
        self.closed = False

    def start(self) -> None:
        if self.failure:
            raise self.failure

    def close(self) -> None:
        self.told.set()
        self.let_go.wait(60)
        self.closed = True


def of(*queues: str) -> Any:
    return SimpleNamespace(
        app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=queues)))
    )


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_worker", None)


def test_a_process_without_a_database_ends_so_that_it_is_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "BotWorker", lambda: Worker(OperationalError("away")))
    with pytest.raises(SystemExit):
        tasks.open_worker(of(QUEUE))
    assert tasks._worker is None


def test_only_the_process_of_the_bots_queue_runs_bots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BotWorker", Worker)
    tasks.open_worker(of("celery"))
    assert tasks._worker is None
    tasks.open_worker(of(QUEUE))
    assert tasks._worker is not None


def test_sigterm_does_not_wait_in_the_signal_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    monkeypatch.setattr(tasks, "_worker", worker)
    tasks.close_worker()
    assert worker.told.wait(60)
    assert not worker.closed
    worker.let_go.set()


def test_nothing_piles_up_in_the_queue_while_no_worker_lives(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = plain_bot(alice, status="running")
    sent: list[UUID] = []
    monkeypatch.setattr(tasks, "ask_for_runners", sent.extend)
    monkeypatch.setattr(leases, "living_lock_keys", set)
    tasks.find_bots_without_a_runner()
    assert sent == []
    monkeypatch.setattr(leases, "living_lock_keys", lambda: {1})
    tasks.find_bots_without_a_runner()
    assert sent == [bot.pk]
