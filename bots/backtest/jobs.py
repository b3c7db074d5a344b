"""Runs the backtests that wait: at most one of a user at a time, and first whoever was served longest ago.

The database is the queue; Celery's tasks only wake a worker, and beat makes up for a lost one. What a killed worker
leaves behind is begun again, and given up where that has happened too often."""

import logging
import threading
from typing import Any

from celery.signals import worker_shutting_down
from django.db import connection, transaction
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from bots.backtest import kept
from bots.backtest.replay import TookTooLong
from bots.backtest.running import WORK
from bots.backtest.watch import SILENT, Stopped, Watch, closing
from bots.core.ports import ExchangeError
from bots.models import Backtest, BacktestStatus
from bots.models.backtest import pack
from bots.services.errors import InvalidConfig

logger = logging.getLogger(__name__)
AT_ONCE = 2  # in one process, whose other threads are for short work
CLAIM_LOCK = 7622  # two claims at the same moment would not see each other's
MOST_CLAIMS = 3
BROKEN = (
    "Something went wrong in AutoGrid, and its operator can see what. Start it again, or with fewer candles."
)
LOST = (
    "The process that computed this ended three times before it was done. Start it again, or make it smaller."
)
_slots = threading.BoundedSemaphore(AT_ONCE)


@worker_shutting_down.connect
def close(**_: Any) -> None:
    """SIGTERM: what runs goes back into the queue."""
    closing.set()


def run_waiting() -> int:
    """Runs what waits until nothing does; how many. Nothing where this process is busy enough."""
    if not _slots.acquire(blocking=False):
        return 0
    try:
        bury()
        count = 0
        while not closing.is_set() and (row := claim()) is not None:
            run(row)
            count += 1
        return count
    finally:
        _slots.release()


def bury() -> None:
    """Those whose worker is silent wait again."""
    silent = Backtest.objects.filter(status=BacktestStatus.RUNNING, seen_at__lt=Now() - SILENT)
    silent.filter(token__gte=MOST_CLAIMS).update(
        status=BacktestStatus.FAILED, doing="", error=LOST, finished_at=Now()
    )
    silent.update(status=BacktestStatus.QUEUED, doing="Its worker was lost: waiting to begin again.")


@transaction.atomic
def claim() -> Backtest | None:
    """The next one, now this worker's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
    row = next_ones().first()
    if row is None:
        return None
    claimed = Backtest.objects.filter(pk=row.pk, status=BacktestStatus.QUEUED).update(
        status=BacktestStatus.RUNNING, token=F("token") + 1, started_at=Now(), seen_at=Now()
    )
    return Backtest.objects.get(pk=row.pk) if claimed else None


def next_ones() -> QuerySet[Backtest]:
    """Those that may run now, in their order."""
    rows = Backtest.objects.filter(user=OuterRef("user")).order_by().values("user")
    served = rows.annotate(last=Max("started_at", filter=Q(token__gt=0))).values("last")
    busy = Backtest.objects.filter(status=BacktestStatus.RUNNING).values("user")
    waiting = Backtest.objects.filter(status=BacktestStatus.QUEUED).exclude(user__in=busy)
    return waiting.annotate(served=Subquery(served)).order_by(
        F("served").asc(nulls_first=True), "created_at", "id"
    )


def run(row: Backtest) -> None:
    """To its end, whatever that is."""
    with Watch(row) as watch:
        try:
            result, summary = WORK[row.kind](row, watch)
        except (Stopped, TookTooLong) as ended:
            if watch.should_stop():
                watch.write(status=BacktestStatus.QUEUED, doing=kept.WAITING)
            else:
                fail(watch, str(ended))
        except InvalidConfig as refused:
            fail(watch, " ".join(error.detail for error in refused.errors))
        except ExchangeError as error:
            fail(watch, error.detail)
        except Exception:
            logger.exception("backtest_failed", extra={"backtest": str(row.pk)})
            fail(watch, BROKEN)
        else:
            watch.end(BacktestStatus.DONE, progress=1.0, packed=pack(result), summary=summary)
    kept.forget_the_oldest(row.user)


def fail(watch: Watch, sentence: str) -> None:
    watch.end(BacktestStatus.FAILED, error=sentence[:500])
