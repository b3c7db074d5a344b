"""Short background work of bots, on the queue `celery`."""

from celery import shared_task

from bots.services import deliveries
from bots.services.notices import DELIVER_TASK


@shared_task(name=DELIVER_TASK, ignore_result=True)
def deliver_notices() -> int:
    """Woken by what writes notices, and by beat for those that wait for another try."""
    return deliveries.drain()
