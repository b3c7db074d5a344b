"""Who sends what of the outbox: rows are claimed with SKIP LOCKED, and that is committed before anything is sent.

A claim moves the row's next try a few seconds on and names its holder: an advisory lock of the database, which ends
with the process that took it. So what a killed drainer had in hand is free within those seconds, and nobody takes it
from one that lives, however slow it is.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils import timezone

from bots.models import Channel, Delivery, DeliveryState, Priority
from bots.services import fill_notices
from bots.services.notice_settings import quiet_until

BATCH = 10
CLAIM = timedelta(seconds=5)  # then others look whether the holder lives
LONGEST_CLAIM = timedelta(minutes=2)  # of a holder whose host is gone: the database may not have noticed
# Advisory locks of one number, put together as Postgres takes them apart.
_HELD = """
SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND d.datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Rows that go out as one message: one, or a digest."""

    rows: list[Delivery]
    claim: UUID

    @property
    def first(self) -> Delivery:
        return self.rows[0]


@contextmanager
def holder() -> Iterator[int]:
    """The number to claim with: in the block, on this connection, its lock says that we live."""
    number = secrets.randbits(62)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [number])
    try:
        yield number
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # with the connection the lock is gone
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


def due_channels() -> list[str]:
    return list(
        _free().filter(next_try_at__lte=Now()).order_by().values_list("channel", flat=True).distinct()
    )


def claim(number: int, channel: str, most: int = BATCH) -> list[Parcel]:
    """The most urgent of a channel's messages that are due, of those the oldest. Nobody else gets them while their
    holder lives."""
    while True:
        with transaction.atomic():
            rows = _due(channel, most)
            parcels = _parcels(rows, number)
        if parcels or not rows:
            return parcels


def renew(parcel: Parcel) -> bool:
    """False where somebody else has it. A digest goes out whole or not at all."""
    return ours(parcel).update(next_try_at=Now() + CLAIM) == len(parcel.rows)


def ours(parcel: Parcel) -> QuerySet[Delivery]:
    """Nothing once somebody else has tried."""
    ids = [row.pk for row in parcel.rows]
    return Delivery.objects.filter(claim=parcel.claim, state=DeliveryState.PENDING, pk__in=ids)


def put_off(parcel: Parcel, seconds: float) -> None:
    """With all that is due at the same address: what is oldest goes first, and would come again and again before what
    waits for others."""
    later = Now() + timedelta(seconds=seconds)
    ours(parcel).update(holder=None, next_try_at=later, attempts=F("attempts") - 1)
    with transaction.atomic():
        same = _locked(_free().filter(channel=parcel.first.channel, recipient=parcel.first.recipient))
        due = list(same.filter(next_try_at__lte=Now()).values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=due).update(next_try_at=later)


def _free() -> QuerySet[Delivery]:
    """What waits, and no living drainer has in hand."""
    held = Q(holder__in=RawSQL(_HELD, [])) & Q(next_try_at__gt=Now() - LONGEST_CLAIM)  # noqa: S611 - no input in it
    return Delivery.objects.filter(state=DeliveryState.PENDING).exclude(held)


def _due(channel: str, most: int) -> list[Delivery]:
    due = _locked(_free()).filter(channel=channel, next_try_at__lte=Now())
    return list(due.select_related("user__notice_settings").order_by("priority", "created_at")[:most])


def _locked(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """For this transaction, without those that another has locked."""
    return rows.select_for_update(skip_locked=True, of=("self",))


def _parcels(rows: list[Delivery], number: int) -> list[Parcel]:
    """What may go now, claimed; the rest is put off."""
    parcels: list[Parcel] = []
    taken: set[UUID] = set()
    now = timezone.now()
    for row in rows:
        if row.pk in taken:
            continue
        together, until = _together(row, now)
        taken |= {each.pk for each in together}
        if until > now:
            Delivery.objects.filter(pk__in=[each.pk for each in together]).update(next_try_at=until)
        else:
            parcels.append(_claimed(together, number))
    return parcels


def _together(row: Delivery, now: datetime) -> tuple[list[Delivery], datetime]:
    """What goes with it in one message, and when."""
    until = _quiet_until(row, now) or now
    if row.kind != fill_notices.KIND or row.channel not in fill_notices.DIGESTS:
        return [row], until
    free = fill_notices.free_at(Channel(row.channel), row.recipient, now)
    return [row, *fill_notices.waiting_with(row, _free())], max(until, free)


def _quiet_until(row: Delivery, now: datetime) -> datetime | None:
    settings = getattr(row.user, "notice_settings", None)
    if settings is None or row.user is None:
        return None
    if row.priority == Priority.URGENT or row.channel == Channel.WEBHOOK:
        return None
    return quiet_until(settings, row.user.timezone, now)


def _claimed(rows: list[Delivery], number: int) -> Parcel:
    parcel = Parcel(rows, uuid4())
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        next_try_at=Now() + CLAIM, attempts=F("attempts") + 1, claim=parcel.claim, holder=number
    )
    for row in rows:
        row.attempts += 1
    return parcel
