"""The Celery side of the runtime: one long-lived task per bot, and the worker it runs in."""

import logging
import threading
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down

from bots.runtime import leases
from bots.runtime.leases import reap
from bots.runtime.worker import EXIT_LOST, BotWorker
from bots.services.queue import QUEUE, RUN_TASK, ask_for_runners

logger = logging.getLogger(__name__)
_worker: BotWorker | None = None


@worker_ready.connect
def open_worker(sender: Any, **_: Any) -> None:
    """Only a process that takes tasks from the bots' queue runs bots. One that cannot, for want of a database,
    ends and is started again: Celery itself would go on, and take tasks that all fail."""
    global _worker  # noqa: PLW0603 - one per process, for its whole life
    if QUEUE not in sender.app.amqp.queues.consume_from:
        return
    worker = BotWorker()
    try:
        worker.start()
    except Exception as error:
        logger.exception("bots_worker_failed")
        raise SystemExit(EXIT_LOST) from error
    _worker = worker


@worker_shutting_down.connect
def close_worker(**_: Any) -> None:
    """SIGTERM: the bots are handed over, so that their tasks end and Celery can. Not in the signal's handler, which
    may have interrupted the holder of a lock that the hand-over needs."""
    if _worker is not None:
        threading.Thread(target=_worker.close, name="hand-over").start()


@shared_task(name="bots.find_bots_without_a_runner")
def find_bots_without_a_runner() -> None:
    """Backs up the workers' own look. While none of them lives nothing is sent: it would only pile up, and the
    first that comes looks for itself."""
    waiting = reap()
    if leases.living_lock_keys():
        ask_for_runners(waiting)


@shared_task(name=RUN_TASK, ignore_result=True)
def run_bot(*bot_ids: str) -> None:
    """Lives as long as one of the bots runs here. Early acknowledged: what is lost with a process, the reaper
    finds."""
    if _worker is not None:
        _worker.run_bots([UUID(bot_id) for bot_id in bot_ids])
