"""Drains the outbox: any number of drainers at once, each message sent once.

Batches are claimed (`claiming`) before anything is sent; each message's outcome is committed right after it. A drainer
that dies in between leaves at most the one message it had just handed over to be sent again, by whoever comes next.

What is not urgent waits for the end of the user's quiet hours, webhooks excepted: programs do not sleep.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from math import ceil
from threading import Event
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from bots.models import Channel, Delivery, DeliveryState
from bots.services import claiming
from bots.services.claiming import Parcel
from bots.services.mail import EmailSender, in_words
from bots.services.notices import ask_for_delivery
from bots.services.own_senders import PushSender, WebhookSender
from bots.services.senders import Idle, Later, Sender, Undeliverable, message_of

logger = logging.getLogger(__name__)
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=1)
KEPT = timedelta(days=60)
WAKE_EVERY, CLOCKS_DIFFER = 0.5, 0.1  # s
SOON = timedelta(seconds=30)  # as often as beat looks by itself

# The app `telegram_bot` adds its own.
SENDERS: dict[str, Callable[[], Sender]] = {
    Channel.EMAIL: EmailSender,
    Channel.APPRISE: PushSender,
    Channel.WEBHOOK: WebhookSender,
}


def drain(*channels: str, closing: Event | None = None) -> int:
    """Sends all that is due, one channel after the other; how many messages went out. After `closing` is set, the one
    in hand is the last."""
    sent = 0
    with claiming.holder() as holder:
        for channel in channels or Channel.values:
            while batch := claiming.claim(holder, channel):
                with SENDERS.get(channel, Idle)() as sender:
                    for parcel in batch:
                        sent += _deliver(sender, parcel)
                        if closing and closing.is_set():
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


def _deliver(sender: Sender, parcel: Parcel) -> bool:
    if not claiming.renew(parcel):
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
        _end(parcel, state=DeliveryState.SENT, sent_at=timezone.now(), error="")
        return True
    return False


def _end(parcel: Parcel, **values: Any) -> None:
    """Writes the outcome, unless somebody else has tried meanwhile, and lets go of it."""
    claiming.ours(parcel).update(holder=None, **values)


def _put_off(parcel: Parcel, seconds: float) -> None:
    if _too_old(parcel):
        return _give_up(parcel, "Given up after a day: the channel had no room for it.")
    claiming.put_off(parcel, seconds)
    return None


def _try_again(parcel: Parcel, error: str) -> None:
    if _too_old(parcel):
        return _give_up(parcel, f"Given up after a day: {error}")
    pause = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(parcel.first.attempts - 1, 10))
    _end(parcel, next_try_at=Now() + pause, error=error[:300])
    logger.warning("notice_delayed", extra=_about(parcel, error))
    return None


def _too_old(parcel: Parcel) -> bool:
    return timezone.now() - parcel.first.created_at > GIVE_UP_AFTER


def _give_up(parcel: Parcel, error: str) -> None:
    _end(parcel, state=DeliveryState.FAILED, error=error[:300])
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
