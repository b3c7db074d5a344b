"""Looks at Stripe that no webhook asks for: what is due, what was missed, and what the two sides disagree about."""

import logging

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from billing import grants, standing
from billing.gateway import StripeError
from billing.models import Grant, Standing

log = logging.getLogger(__name__)


def review_due() -> int:
    """Who is in his grace, or past what is paid: whether that is over is Stripe's clock to say. Grants that ended."""
    now = timezone.now()
    due = Standing.objects.filter(Q(grace_until__isnull=False) | Q(paid_until__lt=now, plan__gt=""))
    due = due.exclude(status="canceled", grace_until=None)
    count = sum(_reviewed(customer) for customer in due.values_list("customer", flat=True))
    ended = Grant.objects.filter(until__lte=now, user__plan=F("plan")).values_list("user", flat=True)
    for user_id in ended.distinct():
        with transaction.atomic():
            grants.settle({user_id})
    return count


def _reviewed(customer: str) -> bool:
    try:
        standing.review(customer)
    except StripeError as error:
        log.warning("A standing could not be looked up: %s", type(error).__name__)
        return False
    return True


def reconcile() -> dict[str, int]:
    """Every customer against Stripe, webhooks or not: what differs is mended and counted."""
    counts = {"compared": 0, "mended": 0, "unanswered": 0}
    for row in Standing.objects.order_by("pk").iterator():
        before = _figures(row)
        if not _reviewed(row.customer):
            counts["unanswered"] += 1
            continue
        counts["compared"] += 1
        if _figures(Standing.objects.get(pk=row.pk)) != before:
            counts["mended"] += 1
            log.warning("A standing differed from Stripe's and was mended: user %s", row.pk)
    return counts


def _figures(row: Standing) -> tuple[object, ...]:
    return (
        row.subscription,
        row.status,
        row.plan,
        row.amount,
        row.paid_until,
        row.grace_until,
        row.ends_at_period,
    )
