"""Short background work of bots, on the queue `celery`."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from bots.services import account_looks, deliveries, drainers, summaries
from bots.services.notices import DELIVER_TASK


@shared_task(name=DELIVER_TASK, ignore_result=True)
def deliver_notices() -> None:
    """Woken by what writes notices, and by beat for those that wait for another try."""
    drainers.wake()


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


@shared_task(name="bots.look_at_accounts", ignore_result=True)
def look_at_accounts() -> int:
    """What exchange accounts hold, the longest unseen first, a few a minute."""
    return account_looks.ask_for_due(timezone.now())


@shared_task(name=account_looks.LOOK_TASK, ignore_result=True)
def look_at_account(credential_id: str) -> None:
    """Woken by a page or a client that shows the account, and by beat."""
    account_looks.look(credential_id=UUID(credential_id), now=timezone.now())
