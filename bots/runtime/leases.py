"""Which worker runs which bot: heartbeats, claims, and the release of what dead workers held.

A worker's sign of life is a session advisory lock that Postgres frees within a second or two when its process
dies; a lost host shows by its heartbeat's age. Every claim raises the bot's token, and every order write checks it.
"""

import logging
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from bots.models import Bot, BotStatus, Order, Worker
from bots.models.order import LIVE
from bots.services.trading import Lease

logger = logging.getLogger(__name__)

TTL = 30  # seconds a silent heartbeat is believed
LOCK_CLASS = 7621  # first half of the advisory locks that workers hold; the second is Worker.lock_key
REAPER_LOCK = 7622
# What a process that stands still has locked is left out, and tried again a second later: Postgres ends its session
# (DATABASES in the settings), and nobody else waits for it.
BURY = """
UPDATE bots SET lease_owner_id = NULL, lease_token = lease_token + 1 WHERE id IN (
  SELECT id FROM bots WHERE lease_owner_id = %s ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
"""
FORGET = """
DELETE FROM workers WHERE id IN (SELECT id FROM workers WHERE id = %s FOR UPDATE SKIP LOCKED)
  AND NOT EXISTS (SELECT 1 FROM bots WHERE lease_owner_id = workers.id)
"""
RELEASE = """
UPDATE bots SET lease_owner_id = NULL FROM (
  SELECT bots.id FROM bots JOIN unnest(%s::uuid[], %s::bigint[]) AS held (id, token)
    ON bots.id = held.id AND lease_token = held.token
  ORDER BY bots.id FOR NO KEY UPDATE OF bots
) AS given WHERE bots.id = given.id
"""


def claim(*, bot_ids: Collection[UUID], worker: Worker, fairly: bool = True) -> dict[UUID, Lease]:
    """Takes those of these bots that need a runner and have none, as many as the worker has room for: all in one
    transaction, because the disk allows about seventy a second."""
    with transaction.atomic():
        rows = Bot.objects.select_for_update(no_key=True, skip_locked=True)
        rows = rows.filter(_wanted(), id__in=bot_ids, lease_owner=None).order_by("created_at")
        tokens = dict(rows.values_list("id", "lease_token")[: _room(worker, fairly)])
        Bot.objects.filter(id__in=tokens).update(lease_owner=worker, lease_token=F("lease_token") + 1)
    return {bot_id: Lease(bot_id, token + 1) for bot_id, token in tokens.items()}


def _room(worker: Worker, fairly: bool) -> int:
    """How many bots more the worker may take: while others have room, its fair share of all."""
    most = settings.AUTOGRID_BOTS_PER_WORKER
    workers = Worker.objects.filter(closing=False).annotate(held=Count("bots"))
    held = dict(workers.values_list("id", "held"))
    mine = held.pop(worker.pk, 0)
    if fairly and any(others < most for others in held.values()):
        bots = mine + sum(held.values()) + unclaimed_bots().count()
        most = min(most, -(-bots // (len(held) + 1)))
    return max(0, most - mine)


def release(*, held: Collection[Lease]) -> None:
    """Gives the bots back; not those that somebody else has already. In one order, as all who lock many."""
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, [[lease.bot_id for lease in held], [lease.token for lease in held]])


def announce_end(*, worker: Worker) -> None:
    """From now on the others share its bots among themselves."""
    Worker.objects.filter(pk=worker.pk).update(closing=True)


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
    """Releases the bots of workers that hold their lock no more or are silent beyond the TTL; the names of those that
    hold none any more. Never waits for a lock.

    The token is raised at once: what the dead one may still try to write is refused from here on.
    """
    # Silence is measured by the clock that the heartbeats are written with: this host's own may be another.
    silent = Worker.objects.filter(heartbeat_at__lt=Now() - timedelta(seconds=TTL))
    workers, silent_ids = list(Worker.objects.all()), set(silent.values_list("id", flat=True))
    living = living_lock_keys()  # read last: a worker has its lock before it writes its row
    dead = [worker for worker in workers if worker.pk in silent_ids or worker.lock_key not in living]
    return [worker.name for worker in dead if _bury(worker)]


@transaction.atomic
def _bury(worker: Worker) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(BURY, [worker.pk])
        cursor.execute(FORGET, [worker.pk])
        return cursor.rowcount == 1


def unclaimed_bots() -> QuerySet[Bot, UUID]:
    """Bots that need a runner and have none."""
    return Bot.objects.filter(_wanted(), lease_owner=None).order_by("created_at").values_list("id", flat=True)


def _wanted() -> Q:
    live = Order.objects.filter(bot=OuterRef("pk"), status__in=LIVE)
    return Q(status__in=[BotStatus.RUNNING, BotStatus.PAUSED]) | Q(stopping=True) | Q(Exists(live))


@transaction.atomic
def reap() -> list[UUID]:
    """Buries dead workers and lists the bots without a runner; by one worker at a time. The lock ends with the
    transaction, and the transaction of a process that stands still is ended by Postgres."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [REAPER_LOCK])
        if not cursor.fetchone()[0]:
            return []
    for name in bury_dead_workers():
        logger.warning("worker_buried", extra={"worker": name})
    return list(unclaimed_bots())
