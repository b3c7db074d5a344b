"""Looks at Stripe that no webhook asks for: what is due, what was missed, and what the two sides disagree about."""

import logging

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from billing import gateway, grants, standing
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
    """Every customer against Stripe, webhooks or not: what differs is mended and counted. `ended`: subscriptions of
    accounts that are gone."""
    counts = {"compared": 0, "mended": 0, "unanswered": 0, "ended": _end_what_nobody_has()}
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


def _end_what_nobody_has() -> int:
    """Subscriptions of accounts that were deleted here: nobody uses what they pay for."""
    try:
        listed = gateway.client().v1.subscriptions.list({"limit": 100}).auto_paging_iter()
        owners = {each.id: str(each.metadata["user"]) for each in listed if "user" in each.metadata}
        there = {
            str(pk) for pk in User.objects.filter(pk__in=set(owners.values())).values_list("pk", flat=True)
        }
        orphans = [number for number, user in owners.items() if user not in there]
        for number in orphans:
            gateway.client().v1.subscriptions.cancel(number)
    except StripeError as error:
        log.warning("Subscriptions could not be compared with accounts: %s", type(error).__name__)
        return 0
    return len(orphans)


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
