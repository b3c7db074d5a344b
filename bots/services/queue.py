"""How the workers are asked to run bots: Celery's queue `bots`."""

from collections.abc import Iterable
from uuid import UUID

from celery import current_app
from django.db import transaction

from bots.models import Bot

RUN_TASK = "bots.run_bot"
QUEUE = "bots"
BOTS_A_TASK = 50  # few enough that workers share a dead one's bots by its messages


def enqueue(bot: Bot) -> None:
    """Asks the workers for a runner, once the transaction stands. A lost message is made up for by the reaper: a
    queue that cannot be reached must not stand between a user and the kill switch."""
    transaction.on_commit(lambda: ask_for_runners([bot.id]), robust=True)


def ask_for_runners(bot_ids: Iterable[UUID]) -> None:
    """Many share a message, and then a task: a worker that is busy taking over would need twenty seconds to read a
    thousand. Raises kombu's OperationalError where the queue cannot be reached."""
    waiting = [str(bot_id) for bot_id in bot_ids]
    with current_app.producer_or_acquire() as producer:
        for first in range(0, len(waiting), BOTS_A_TASK):
            some = waiting[first : first + BOTS_A_TASK]
            current_app.send_task(RUN_TASK, args=some, queue=QUEUE, retry=False, producer=producer)
