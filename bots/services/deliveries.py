"""Drains the outbox: any number of drainers at once, each message sent once.

A batch is claimed with SKIP LOCKED by putting its next try into the future, and that is committed before anything is
sent; each message's outcome is committed right after it. A drainer that dies in between leaves at most the one message
it had just handed over to be sent again, by whoever comes when the claim is over.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Protocol

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from bots.models import Channel, Delivery, DeliveryState
from bots.services.mail import EmailSender, Undeliverable, in_words
from bots.services.notices import ask_for_delivery

logger = logging.getLogger(__name__)
BATCH = 10
CLAIM = timedelta(minutes=5)  # longer than one batch takes with every message at its time-out
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=1)


class Sender(Protocol):
    """A channel's connection for one batch."""

    def __enter__(self) -> "Sender": ...

    def __exit__(self, *_: object) -> None: ...

    def send(self, delivery: Delivery) -> None:
        """Raises Undeliverable, or anything else where another try may succeed."""


SENDERS: dict[str, Callable[[], Sender]] = {Channel.EMAIL: EmailSender}


def drain() -> int:
    """Sends all that is due; how many messages went out."""
    sent = 0
    while batch := claim():
        with ExitStack() as stack:
            senders = {
                channel: stack.enter_context(SENDERS[channel]())
                for channel in {delivery.channel for delivery in batch}
            }
            sent += sum(_deliver(senders[delivery.channel], delivery) for delivery in batch)
    return sent


def send_again(deliveries: QuerySet[Delivery]) -> int:
    """Those that failed get one more try; how many."""
    failed = deliveries.filter(state=DeliveryState.FAILED)
    count = failed.update(state=DeliveryState.PENDING, next_try_at=timezone.now(), error="")
    transaction.on_commit(ask_for_delivery, robust=True)
    return count


@transaction.atomic
def claim(most: int = BATCH) -> list[Delivery]:
    """The most urgent messages that are due. Nobody else gets them until the claim ends."""
    due = Delivery.objects.filter(state=DeliveryState.PENDING, next_try_at__lte=Now())
    rows = list(
        due.select_for_update(skip_locked=True, of=("self",)).order_by("priority", "next_try_at")[:most]
    )
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        next_try_at=Now() + CLAIM, attempts=F("attempts") + 1
    )
    for row in rows:
        row.attempts += 1
    return rows


def _deliver(sender: Sender, delivery: Delivery) -> bool:
    if not _still_ours(delivery):
        return False
    try:
        sender.send(delivery)
    except Undeliverable as refusal:
        _give_up(delivery, str(refusal))
    except Exception as error:  # noqa: BLE001 - whatever a channel does, the other messages go out
        _try_again(delivery, in_words(error))
    else:
        _ours(delivery).update(state=DeliveryState.SENT, sent_at=timezone.now(), error="")
        return True
    return False


def _ours(delivery: Delivery) -> QuerySet[Delivery]:
    """Nothing once the claim has ended and somebody else has tried."""
    return Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING, attempts=delivery.attempts)


def _still_ours(delivery: Delivery) -> bool:
    """Renews the claim: a slow batch must not run into its end."""
    return bool(_ours(delivery).update(next_try_at=Now() + CLAIM))


def _try_again(delivery: Delivery, error: str) -> None:
    if timezone.now() - delivery.created_at > GIVE_UP_AFTER:
        return _give_up(delivery, f"Given up after a day: {error}")
    pause = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(delivery.attempts - 1, 10))
    _ours(delivery).update(next_try_at=Now() + pause, error=error[:300])
    logger.warning("notice_delayed", extra=_about(delivery, error))
    return None


def _give_up(delivery: Delivery, error: str) -> None:
    _ours(delivery).update(state=DeliveryState.FAILED, error=error[:300])
    logger.error("notice_given_up", extra=_about(delivery, error))


def _about(delivery: Delivery, error: str) -> dict[str, object]:
    return {
        "delivery": str(delivery.pk),
        "channel": delivery.channel,
        "kind": delivery.kind,
        "attempts": delivery.attempts,
        "error": error,
    }
