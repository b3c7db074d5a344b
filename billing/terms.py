"""Months of a plan that are paid in advance: what they cost, when they begin and end, and what follows for their
users."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max

from accounts.models import User
from billing import clock, news, shop, standing
from billing.judging import RANKS
from billing.models import CryptoOrder
from billing.prepaid import TERMS, Outcome, end_of
from billing.reviews import went_well

PAID = ("paid", "overpaid")


def prices(offers: list[shop.Offer]) -> dict[str, list[tuple[int, int]]]:
    """(months, cents) that each plan is sold for, by the prices of its subscriptions."""
    sold = {(offer.plan, offer.interval): offer.amount for offer in offers}
    return {
        plan: [(months, cents) for months in TERMS if (cents := _price(sold, plan, months))]
        for plan in shop.PAID
    }


def _price(sold: dict[tuple[str, str], int], plan: str, months: int) -> int:
    """0: not sold."""
    return sold.get((plan, "year"), 0) if months == 12 else months * sold.get((plan, "month"), 0)


def of(user: User) -> list[CryptoOrder]:
    """That run or are yet to begin, by their end."""
    running = CryptoOrder.objects.filter(user=user, until__gt=clock.now(), status__in=PAID)
    return list(running.order_by("until"))


def apply(order: CryptoOrder, outcome: Outcome) -> None:
    """What was paid once lasts, unless it was sent back; what is more than was asked makes it longer. The user is
    locked by the caller."""
    now, before = clock.now(), order.until
    order.arrived = round(outcome.arrived * 100)
    if outcome.status in PAID:
        order.starts = order.starts or _start(order, now)
        order.until = end_of(order.starts, order.months, outcome, Decimal(order.amount) / 100)
    elif outcome.status == "refunded" and order.starts and order.until:
        order.until = max(order.starts, min(order.until, now))
    if before and order.until and order.until != before:
        _move_those_after(order, before, order.until - before)
    if order.starts == order.until and order.starts and order.starts > now:  # it has never begun
        order.starts = order.until = None
    if outcome.status in (*PAID, "refunded") or order.status not in PAID:
        order.status = outcome.status
    order.save()


def _start(order: CryptoOrder, now: datetime) -> datetime:
    """When all that is prepaid of the same or a higher plan has ended."""
    as_good = [plan for plan, rank in RANKS.items() if rank >= RANKS[order.plan]]
    others = CryptoOrder.objects.filter(user=order.user, plan__in=as_good, status__in=PAID)
    last: datetime | None = others.aggregate(last=Max("until"))["last"]
    return max(now, last) if last else now


def _move_those_after(order: CryptoOrder, before: datetime, change: timedelta) -> None:
    """Terms that wait for this one's end, which was `before`."""
    after = CryptoOrder.objects.filter(user=order.user, status__in=PAID, starts__gte=before).exclude(
        pk=order.pk
    )
    after.update(starts=F("starts") + change, until=F("until") + change)


def review_due() -> int:
    """Terms that begin, are about to end or have ended; answers whose were looked at."""
    now = clock.now()
    users = set(_moving(now))
    return sum(went_well(partial(_review, user, now), f"Terms of user {user}") for user in users)


def _review(user_id: UUID, now: datetime) -> None:
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=user_id)
        for order in CryptoOrder.objects.filter(user=user, status__in=PAID):
            for each in news.of_term(order, now):
                standing.send(user, each)
        standing.settle(user)


def _moving(now: datetime) -> Iterator[UUID]:
    around = CryptoOrder.objects.filter(until__gt=now - news.GRACE, until__lt=now + news.SOON)
    yield from around.values_list("user", flat=True)
    begun = CryptoOrder.objects.filter(starts__lte=now, starts__gt=now - news.GRACE)
    yield from begun.values_list("user", flat=True)
    ended = CryptoOrder.objects.filter(until__lte=now, user__plan=F("plan"))
    yield from ended.values_list("user", flat=True)
