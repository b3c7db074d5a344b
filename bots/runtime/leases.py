"""Which worker runs which bot: heartbeats, claims, and the release of what dead workers held.

A worker's sign of life is a session advisory lock that Postgres frees within a second or two when its process
dies; a lost host shows by its heartbeat's age. Every claim raises the bot's token, and every order write checks it.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from bots.models import Bot, BotStatus, Order, Worker
from bots.models.order import LIVE
from bots.services.trading import Lease

TTL = 30  # seconds a silent heartbeat is believed
LOCK_CLASS = 7621  # first half of the advisory locks that workers hold; the second is Worker.lock_key
REAPER_LOCK = 7622


def claim(*, bot_id: UUID, worker: Worker) -> Lease | None:
    """Takes a bot that nobody runs; None where somebody does, or where it needs no runner any more."""
    with transaction.atomic():
        row = Bot.objects.select_for_update(no_key=True, skip_locked=True).filter(id=bot_id).first()
        if row is None or row.lease_owner_id is not None or not _needs_runner(row):
            return None
        row.lease_owner = worker
        row.lease_token += 1
        row.save(update_fields=["lease_owner", "lease_token"])
        return Lease(row.pk, row.lease_token)


def _needs_runner(bot: Bot) -> bool:
    at_work = bot.status in (BotStatus.RUNNING, BotStatus.PAUSED) or bot.stopping
    return at_work or Order.objects.filter(bot_id=bot.pk, status__in=LIVE).exists()


def release(*, lease: Lease) -> None:
    """Gives the bot back; nothing where somebody else has it already."""
    Bot.objects.filter(id=lease.bot_id, lease_token=lease.token).update(lease_owner=None)


def release_worker(*, worker: Worker) -> None:
    """A worker that ended in good order leaves nothing behind."""
    Bot.objects.filter(lease_owner=worker).update(lease_owner=None)
    worker.delete()


def living_lock_keys() -> set[int]:
    """The lock keys of the workers whose database session is alive."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK_CLASS],
        )
        return {row[0] for row in cursor.fetchall()}


def bury_dead_workers() -> list[str]:
    """Releases the bots of workers that hold their lock no more or are silent beyond the TTL; their names.

    The token is raised at once: what the dead one may still try to write is refused from here on.
    """
    # Silence is measured by the clock that the heartbeats are written with: this host's own may be another.
    silent = Worker.objects.filter(heartbeat_at__lt=Now() - timedelta(seconds=TTL))
    workers, silent_ids = list(Worker.objects.all()), set(silent.values_list("id", flat=True))
    living = living_lock_keys()  # read last: a worker has its lock before it writes its row
    dead = [worker for worker in workers if worker.pk in silent_ids or worker.lock_key not in living]
    for worker in dead:
        with transaction.atomic():
            Bot.objects.filter(lease_owner=worker).update(lease_owner=None, lease_token=F("lease_token") + 1)
            worker.delete()
    return [worker.name for worker in dead]


def unclaimed_bots() -> Iterable[UUID]:
    """Bots that need a runner and have none."""
    live = Order.objects.filter(bot=OuterRef("pk"), status__in=LIVE)
    wanted = Q(status__in=[BotStatus.RUNNING, BotStatus.PAUSED]) | Q(stopping=True) | Exists(live)
    return Bot.objects.filter(wanted, lease_owner=None).order_by("created_at").values_list("id", flat=True)
