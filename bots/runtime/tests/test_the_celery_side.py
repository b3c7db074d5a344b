"""What Celery's worker process does around the bots: a start without a database, SIGTERM, the backup look."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import current_app
from django.db import OperationalError
from redis import Redis

from accounts.models import User
from bots.runtime import leases, tasks
from bots.runtime.worker import BotWorker
from bots.services.queue import BOTS_A_TASK, QUEUE, ask_for_runners
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


@pytest.fixture
def broker() -> Iterator[Redis]:
    with Redis.from_url(current_app.conf.broker_url) as redis:
        redis.delete(QUEUE)
        yield redis
        redis.delete(QUEUE)


def test_the_bots_of_a_dead_worker_are_asked_for_in_few_messages(broker: Redis) -> None:
    bots = [uuid4() for _ in range(2 * BOTS_A_TASK + 1)]
    ask_for_runners(bots)
    bodies = [base64.b64decode(json.loads(raw)["body"]) for raw in broker.lrange(QUEUE, 0, -1)]
    asked = [json.loads(body)[0] for body in bodies]
    assert sorted(map(len, asked)) == [1, BOTS_A_TASK, BOTS_A_TASK]
    assert sorted(UUID(bot_id) for each in asked for bot_id in each) == sorted(bots)


class Claimless(BotWorker):
    """Of the bots it is asked for the first cannot be claimed, and the others run until they may end."""

    def __init__(self, first: UUID) -> None:
        super().__init__()
        self.loop.close()
        self.first, self.may_end, self.ended = first, asyncio.Event(), 0

    async def _run_bot(self, bot_id: UUID) -> None:
        if bot_id == self.first:
            raise OperationalError("away")
        await self.may_end.wait()
        self.ended += 1


async def test_bots_that_share_a_task_fail_each_by_itself() -> None:
    bots = [uuid4() for _ in range(3)]
    worker = Claimless(bots[0])
    task = asyncio.create_task(worker._run_bots(bots))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    worker.may_end.set()
    with pytest.raises(OperationalError):
        await task
    assert worker.ended == 2
    worker.database.close()
