"""The Celery side of the runtime: one long-lived task per bot, and the worker it runs in."""

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down

from bots.runtime.worker import BotWorker, reap
from bots.services.lifecycle import QUEUE, RUN_TASK

_worker: BotWorker | None = None


@worker_ready.connect
def open_worker(sender: Any, **_: Any) -> None:
    """Only a process that takes tasks from the bots' queue runs bots."""
    global _worker  # noqa: PLW0603 - one per process, for its whole life
    if QUEUE in sender.app.amqp.queues.consume_from:
        _worker = BotWorker()
        _worker.start()


@worker_shutting_down.connect
def close_worker(**_: Any) -> None:
    """SIGTERM: the bots are handed over, so that their tasks end and Celery can."""
    if _worker is not None:
        _worker.close()


@shared_task(name="bots.find_bots_without_a_runner")
def find_bots_without_a_runner() -> None:
    """Backs up the workers' own look: also when all of them were away, every bot is asked for."""
    for bot_id in reap():
        run_bot.delay(str(bot_id))


@shared_task(name=RUN_TASK, queue=QUEUE, ignore_result=True)
def run_bot(bot_id: str) -> None:
    """Lives as long as the bot runs here. Early acknowledged: what is lost with a process, the reaper finds."""
    if _worker is not None:
        _worker.run_bot(UUID(bot_id))
