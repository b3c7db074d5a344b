"""Webhooks: checked on the raw body, kept by the event's id, answered; and worked off in any order, each once."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing import gateway, shop, standing
from billing.models import StripeEvent

PROCESS_TASK = "billing.process_events"
TOLERANCE = 300  # seconds that a signature may be old
CLAIM = timedelta(minutes=2)  # who claims an event and dies delays it by that
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=1)
BATCH = 20
log = logging.getLogger(__name__)


class BadSignature(Exception):
    """Not Stripe's, too old, or changed on the way."""


def receive(body: bytes, signature: str) -> None:
    """Keeps the event; one that is kept already stays as it is. Raises BadSignature."""
    secret = settings.STRIPE_WEBHOOK_SECRET
    try:
        if not secret:
            raise BadSignature
        event = gateway.plain(stripe.Webhook.construct_event(body, signature, secret, TOLERANCE))
    except (ValueError, stripe.SignatureVerificationError):
        raise BadSignature from None
    row = event["data"]["object"]
    StripeEvent.objects.bulk_create([_kept(event, row)], ignore_conflicts=True)
    transaction.on_commit(ask_for_processing, robust=True)


def _kept(event: dict[str, Any], row: dict[str, Any]) -> StripeEvent:
    customer = row["id"] if row["object"] == "customer" else row.get("customer") or ""
    return StripeEvent(
        id=event["id"],
        type=event["type"],
        object_id=row.get("charge") or row.get("id") or "",
        customer=customer if isinstance(customer, str) else customer["id"],
        created=datetime.fromtimestamp(event["created"], UTC),
    )


def ask_for_processing() -> None:
    """Wakes a worker. One that is not heard is made up for by beat."""
    current_app.send_task(PROCESS_TASK, retry=False, expires=60)


def process() -> int:
    """Works off what waits; answers how many events it has ended."""
    done = 0
    while claimed := _claim():
        looked_up: set[str] = set()
        done += sum(_processed(event, looked_up) for event in claimed)
    return done


def _claim() -> list[StripeEvent]:
    """By moving their next try on: they come again where we die on the way."""
    now = timezone.now()
    with transaction.atomic():
        due = StripeEvent.objects.filter(processed_at=None, next_try_at__lte=now).order_by("next_try_at")
        claimed = list(due.select_for_update(skip_locked=True)[:BATCH])
        StripeEvent.objects.filter(pk__in=[event.pk for event in claimed]).update(next_try_at=now + CLAIM)
    return claimed


def _processed(event: StripeEvent, looked_up: set[str]) -> bool:
    """`looked_up` holds the customers whom events of the same claim have led to: one look, later than all of them, does
    for all."""
    try:
        handle(event, looked_up)
    except Exception as error:  # noqa: BLE001 - whatever it is, the event is tried again
        _postpone(event, error)
        return False
    StripeEvent.objects.filter(pk=event.pk).update(processed_at=timezone.now(), error="")
    return True


def _postpone(event: StripeEvent, error: Exception) -> None:
    """The class alone: a message of Stripe's may name a customer."""
    log.warning("Event %s (%s) failed: %s", event.pk, event.type, type(error).__name__)
    wait = min(FIRST_WAIT * 2 ** min(event.attempts, 12), LONGEST_WAIT)
    tried = {"attempts": event.attempts + 1, "next_try_at": timezone.now() + wait}
    StripeEvent.objects.filter(pk=event.pk).update(**tried, error=type(error).__name__)


def handle(event: StripeEvent, looked_up: set[str]) -> None:
    """What it is about is fetched again, so that it does not matter when, and how often, this comes."""
    customer = event.customer
    if event.type.startswith(("price.", "product.")):
        shop.forget_offers()
    if event.type in ("charge.refunded", "charge.dispute.created"):
        customer, news = standing.end_what_was_taken_back(event.object_id)
        standing.tell(customer, news)
    if customer and customer not in looked_up:
        standing.review(customer)
        looked_up.add(customer)


def forget_old() -> int:
    """What was worked off long ago; how many. Stripe repeats an event for days, not months."""
    kept_since = timezone.now() - timedelta(days=settings.AUTOGRID_WEBHOOK_DAYS)
    return int(StripeEvent.objects.filter(processed_at__lt=kept_since).delete()[0])


def replay(events: Any) -> int:
    """Events that operators want to be worked off once more."""
    count = int(events.update(processed_at=None, next_try_at=timezone.now(), attempts=0))
    transaction.on_commit(ask_for_processing, robust=True)
    return count
