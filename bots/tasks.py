"""Short background work of bots, on the queue `celery`."""

from celery import shared_task
from django.utils import timezone

from bots.services import deliveries, summaries
from bots.services.notices import DELIVER_TASK


@shared_task(name=DELIVER_TASK, ignore_result=True)
def deliver_notices() -> int:
    """Woken by what writes notices, and by beat for those that wait for another try."""
    return deliveries.drain()


@shared_task(name="bots.send_summaries", ignore_result=True)
def send_summaries() -> int:
    """Of yesterday and of last week, where it is morning."""
    return summaries.send_due(timezone.now())


@shared_task(name="bots.forget_notices", ignore_result=True)
def forget_notices() -> int:
    return deliveries.forget_old()


@shared_task(name="bots.run_backtests", ignore_result=True)
def run_backtests() -> int:
    """Woken by whoever starts one, and by beat for those that a killed worker has left."""
    from bots.backtest import jobs  # the bots' workers know this task, and are spared what it stands on

    return jobs.run_waiting()
