"""Drains the outbox: any number of drainers at once, each message sent once.

A batch is claimed with SKIP LOCKED by putting its next try into the future, and that is committed before anything is
sent; each message's outcome is committed right after it. A drainer that dies in between leaves at most the one message
it had just handed over to be sent again, by whoever comes when the claim is over.

What is not urgent waits for the end of the user's quiet hours, webhooks excepted: programs do not sleep.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID, uuid4

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from bots.models import Channel, Delivery, DeliveryState, Priority
from bots.services import fill_notices
from bots.services.mail import EmailSender, in_words
from bots.services.notice_settings import quiet_until
from bots.services.notices import ask_for_delivery
from bots.services.own_senders import PushSender, WebhookSender
from bots.services.senders import Idle, Later, Sender, Undeliverable, message_of

logger = logging.getLogger(__name__)
BATCH = 10
CLAIM = timedelta(minutes=2)  # longer than one batch takes with every message at its time-out
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=1)
KEPT = timedelta(days=60)
LONGEST_DRAIN = 20.0  # s; then other tasks have their turn
WAKE_EVERY, CLOCKS_DIFFER = 0.5, 0.1  # s
SOON = timedelta(seconds=30)  # as often as beat looks by itself

# The app `telegram_bot` adds its own.
SENDERS: dict[str, Callable[[], Sender]] = {
    Channel.EMAIL: EmailSender,
    Channel.APPRISE: PushSender,
    Channel.WEBHOOK: WebhookSender,
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """Rows that go out as one message: one, or a digest."""

    rows: list[Delivery]
    claim: UUID

    @property
    def first(self) -> Delivery:
        return self.rows[0]


def drain() -> int:
    """Sends all that is due; how many messages went out."""
    sent, end = 0, time.monotonic() + LONGEST_DRAIN
    while batch := claim():
        with ExitStack() as stack:
            channels = {parcel.first.channel for parcel in batch}
            senders = {name: stack.enter_context(SENDERS.get(name, Idle)()) for name in channels}
            sent += sum(_deliver(senders[parcel.first.channel], parcel) for parcel in batch)
        if time.monotonic() > end:
            ask_for_delivery()
            return sent
    _wake_for_the_next()
    return sent


def send_again(deliveries: QuerySet[Delivery]) -> int:
    """Those that failed get one more try; how many."""
    failed = deliveries.filter(state=DeliveryState.FAILED)
    count = failed.update(state=DeliveryState.PENDING, next_try_at=timezone.now(), error="")
    transaction.on_commit(ask_for_delivery, robust=True)
    return count


def forget_old() -> int:
    """What was told, or given up, long ago; how many."""
    ended = Delivery.objects.exclude(state=DeliveryState.PENDING)
    return ended.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def claim(most: int = BATCH) -> list[Parcel]:
    """The most urgent messages that are due. Nobody else gets them until the claim ends."""
    while True:
        with transaction.atomic():
            rows = _due(most)
            parcels = _parcels(rows)
        if parcels or not rows:
            return parcels


def _due(most: int) -> list[Delivery]:
    due = Delivery.objects.filter(state=DeliveryState.PENDING, next_try_at__lte=Now())
    due = due.select_for_update(skip_locked=True, of=("self",)).select_related("user__notice_settings")
    return list(due.order_by("priority", "next_try_at")[:most])


def _parcels(rows: list[Delivery]) -> list[Parcel]:
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
            parcels.append(_claimed(together))
    return parcels


def _together(row: Delivery, now: datetime) -> tuple[list[Delivery], datetime]:
    """What goes with it in one message, and when."""
    until = _quiet_until(row, now) or now
    if row.kind != fill_notices.KIND or row.channel not in fill_notices.DIGESTS:
        return [row], until
    free = fill_notices.free_at(Channel(row.channel), row.recipient, now)
    return [row, *fill_notices.waiting_with(row)], max(until, free)


def _quiet_until(row: Delivery, now: datetime) -> datetime | None:
    settings = getattr(row.user, "notice_settings", None)
    if settings is None or row.user is None:
        return None
    if row.priority == Priority.URGENT or row.channel == Channel.WEBHOOK:
        return None
    return quiet_until(settings, row.user.timezone, now)


def _claimed(rows: list[Delivery]) -> Parcel:
    parcel = Parcel(rows, uuid4())
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        next_try_at=Now() + CLAIM, attempts=F("attempts") + 1, claim=parcel.claim
    )
    for row in rows:
        row.attempts += 1
    return parcel


def _deliver(sender: Sender, parcel: Parcel) -> bool:
    if not _still_ours(parcel):
        return False
    try:
        sender.send(parcel.first, message_of(parcel.rows))
    except Undeliverable as refusal:
        _give_up(parcel, str(refusal))
    except Later as later:
        _put_off(parcel, later.seconds)
    except Exception as error:  # noqa: BLE001 - whatever a channel does, the other messages go out
        _try_again(parcel, in_words(error))
    else:
        _ours(parcel).update(state=DeliveryState.SENT, sent_at=timezone.now(), error="")
        return True
    return False


def _ours(parcel: Parcel) -> QuerySet[Delivery]:
    """Nothing once the claim has ended and somebody else has tried."""
    return Delivery.objects.filter(claim=parcel.claim, state=DeliveryState.PENDING, pk__in=_ids(parcel))


def _ids(parcel: Parcel) -> list[UUID]:
    return [row.pk for row in parcel.rows]


def _still_ours(parcel: Parcel) -> bool:
    """Renews the claim: a slow batch must not run into its end. A digest goes out whole or not at all."""
    return _ours(parcel).update(next_try_at=Now() + CLAIM) == len(parcel.rows)


def _put_off(parcel: Parcel, seconds: float) -> None:
    if _too_old(parcel):
        return _give_up(parcel, "Given up after a day: the channel had no room for it.")
    later = Now() + timedelta(seconds=seconds)
    _ours(parcel).update(next_try_at=later, attempts=F("attempts") - 1)
    return None


def _try_again(parcel: Parcel, error: str) -> None:
    if _too_old(parcel):
        return _give_up(parcel, f"Given up after a day: {error}")
    pause = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(parcel.first.attempts - 1, 10))
    _ours(parcel).update(next_try_at=Now() + pause, error=error[:300])
    logger.warning("notice_delayed", extra=_about(parcel, error))
    return None


def _too_old(parcel: Parcel) -> bool:
    return timezone.now() - parcel.first.created_at > GIVE_UP_AFTER


def _give_up(parcel: Parcel, error: str) -> None:
    _ours(parcel).update(state=DeliveryState.FAILED, error=error[:300])
    logger.error("notice_given_up", extra=_about(parcel, error))


def _wake_for_the_next() -> None:
    """What was put off for seconds is not left to beat. One drainer is woken, however many end here."""
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, next_try_at__lte=Now() + SOON)
    next_try = waiting.order_by("next_try_at").values_list("next_try_at", flat=True).first()
    if next_try is None:
        return
    # The end of its half second: who is woken then finds all that comes due in it.
    slot = ceil(next_try.timestamp() / WAKE_EVERY)
    if cache.add(f"notices:woken:{slot}", 1, timeout=60):
        ask_for_delivery(max(0.0, slot * WAKE_EVERY - time.time()) + CLOCKS_DIFFER)


def _about(parcel: Parcel, error: str) -> dict[str, object]:
    return {
        "delivery": str(parcel.first.pk),
        "channel": parcel.first.channel,
        "kind": parcel.first.kind,
        "attempts": parcel.first.attempts,
        "error": error,
    }
