"""Short background work of bots, on the queue `celery`."""

from celery import shared_task

from bots.services import deliveries
from bots.services.notices import DELIVER_TASK


@shared_task(name=DELIVER_TASK, ignore_result=True)
def deliver_notices() -> int:
    """Woken by what writes notices, and by beat for those that wait for another try."""
    return deliveries.drain()


@shared_task(name="bots.run_backtests", ignore_result=True)
def run_backtests() -> int:
    """Woken by whoever starts one, and by beat for those that a killed worker has left."""
    from bots.backtest import jobs  # the bots' workers know this task, and are spared what it stands on

    return jobs.run_waiting()
