"""Looks at Stripe that no webhook asks for: what is due, what was missed, and what the two sides disagree about."""

import logging
from collections.abc import Callable

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from djstripe.models import Customer

from billing import clock, gateway, grants, standing
from billing.gateway import StripeError
from billing.models import Grant, Standing
from billing.signals import operator_news

log = logging.getLogger(__name__)


def went_well(work: Callable[[], object], about: str) -> bool:
    """What is strange about one customer is not to keep the others waiting."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - the class alone: a message may name a customer
        log.warning("%s could not be looked at: %s", about, type(error).__name__)
        return False
    return True


def review_due() -> int:
    """Who is in his grace, or past what is paid: whether that is over is Stripe's clock to say. Grants that ended."""
    now = clock.now()
    due = Standing.objects.filter(Q(grace_until__isnull=False) | Q(paid_until__lt=now, plan__gt=""))
    due = due.exclude(status="canceled", grace_until=None)
    count = sum(_reviewed(row) for row in due)
    ended = Grant.objects.filter(until__lte=now, user__plan=F("plan")).values_list("user", flat=True)
    for user_id in ended.distinct():
        with transaction.atomic():
            grants.settle({user_id})
    return count


def _reviewed(row: Standing) -> bool:
    return went_well(lambda: standing.review(row.customer), f"The standing of user {row.pk}")


def reconcile() -> dict[str, int]:
    """Every customer against Stripe, webhooks or not: what differs is mended and counted, and operators hear of it.
    `ended`: subscriptions of accounts that are gone; `strange`: of accounts that never were in this database."""
    counts = {"compared": 0, "mended": 0, "unanswered": 0, **_end_what_nobody_has()}
    for row in Standing.objects.order_by("pk").iterator():
        before = _figures(row)
        if not _reviewed(row):
            counts["unanswered"] += 1
            continue
        counts["compared"] += 1
        after = Standing.objects.filter(pk=row.pk).first()
        if after is not None and _figures(after) != before:
            counts["mended"] += 1
            log.warning("A standing differed from Stripe's and was mended: user %s", row.pk)
    _tell_operators(counts)
    return counts


def _tell_operators(counts: dict[str, int]) -> None:
    if any(count for name, count in counts.items() if name != "compared"):
        facts = {name.capitalize(): str(count) for name, count in counts.items()}
        text = "The nightly comparison with Stripe has found differences; the log names them."
        operator_news.send(None, text=text, facts=facts, key=f"reconcile:{timezone.now():%Y-%m-%d}")


def _end_what_nobody_has() -> dict[str, int]:
    """Subscriptions of accounts that were deleted here: nobody uses what they pay for. Those of accounts that this
    database has never had (another one's, or lost with a backup) are told of and left alone."""
    try:
        orphans = _orphans()
        gone = Customer.objects.filter(id__in=orphans.values(), subscriber=None)
        known = set(gone.values_list("id", flat=True))
        ended = [number for number, customer in orphans.items() if customer in known]
        for number in ended:
            gateway.client().v1.subscriptions.cancel(number)
    except StripeError as error:
        log.warning("Subscriptions could not be compared with accounts: %s", type(error).__name__)
        return {"ended": 0, "strange": 0}
    return {"ended": len(ended), "strange": len(orphans) - len(ended)}


def _orphans() -> dict[str, str]:
    """Subscriptions that we have sold and that run, with their customers, whom nobody is here. Raises StripeError."""
    listed = gateway.client().v1.subscriptions.list({"limit": 100}).auto_paging_iter()
    sold = {each.id: str(each.customer) for each in listed if "user" in each.metadata}
    there = set(Standing.objects.filter(customer__in=sold.values()).values_list("customer", flat=True))
    return {number: customer for number, customer in sold.items() if customer not in there}


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
