"""What the service earns: every change of what a user pays a month is a row, and all figures are sums over them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from billing.models import CryptoOrder, Movement, Standing, StripeEvent

PAYING = ("active", "past_due")  # a trial pays nothing yet
SHOWN = 12  # months
CHANGE = F("after") - F("before")
NEW, LOST = Q(before=0), Q(after=0)
UP, DOWN = Q(before__gt=0, after__gt=F("before")), Q(after__gt=0, after__lt=F("before"))


@dataclass(frozen=True, slots=True)
class Month:
    """Money in cents a month. `customers` and `mrr` are those of its end; `churn` is the percentage of the customers
    it began with that was lost, None where there were none; `failed` counts charges of a card that failed."""

    start: datetime
    customers: int
    mrr: int
    churn: Decimal | None
    failed: int
    new: int = 0
    lost: int = 0
    gained: int = 0  # by new customers
    grown: int = 0
    shrunk: int = 0
    gone: int = 0  # with lost customers


def note(user: User, at: datetime) -> None:
    """Writes down what the user pays from then on, where that has changed. The user is locked by the caller."""
    last = Movement.objects.filter(user=user).first()
    before, after = last.after if last else 0, paid_by(user, at)
    if before != after:
        Movement.objects.create(user=user, at=at, before=before, after=after)


@receiver(pre_delete, sender=Standing)
def note_end(instance: Standing, **_: Any) -> None:
    """With the account what it pays ends."""
    before = instance.user.movements.first()
    if before and before.after:
        Movement.objects.create(user=instance.user, at=timezone.now(), before=before.after, after=0)


def paid_by(user: User, now: datetime) -> int:
    """Cents a month, of a subscription and of prepaid terms that run."""
    rows = Standing.objects.filter(user=user, status__in=PAYING).exclude(plan="free")
    cents = [per_month(row.amount, 12 if row.interval == "year" else 1) for row in rows]
    terms = CryptoOrder.objects.filter(user=user, starts__lte=now, until__gt=now)
    return sum(cents) + sum(per_month(term.amount, term.months) for term in terms)


def per_month(cents: int, months: int) -> int:
    return round(cents / Decimal(months))


def mrr() -> Decimal:
    """Dollars a month, now."""
    return Decimal(Movement.objects.aggregate(all=Sum(CHANGE, default=0))["all"]) / 100


def failing() -> QuerySet[Standing]:
    """Whose last payment failed, the most urgent first."""
    rows = Standing.objects.filter(status__in=("past_due", "unpaid")).select_related("user")
    return rows.order_by(F("grace_until").asc(nulls_last=True))


def months(now: datetime | None = None) -> list[Month]:
    """The newest first, by UTC; a month in which nothing moved is told too."""
    moved, failed = _moved(), _failed()
    this = _first_day(now or timezone.now())
    found: list[Month] = []
    customers = mrr = 0
    for start in _every_month(min([this, *moved]), max([this, *moved])):
        figures = moved.get(start, {})
        churn = Decimal(100 * figures.get("lost", 0)) / customers if customers else None
        customers += figures.get("new", 0) - figures.get("lost", 0)
        mrr += figures.pop("change", 0)
        found.append(Month(start, customers, mrr, churn, failed.get(start, 0), **figures))
    return found[: -SHOWN - 1 : -1]


def _moved() -> dict[datetime, dict[str, Any]]:
    """By the month's first moment."""
    rows = Movement.objects.order_by().values(month=TruncMonth("at", tzinfo=UTC))
    counted = rows.annotate(
        change=Sum(CHANGE),
        new=Count("pk", filter=NEW),
        lost=Count("pk", filter=LOST),
        gained=Sum("after", filter=NEW, default=0),
        grown=Sum(CHANGE, filter=UP, default=0),
        shrunk=-Sum(CHANGE, filter=DOWN, default=0),
        gone=Sum("before", filter=LOST, default=0),
    )
    found: list[dict[str, Any]] = [dict(row) for row in counted]
    return {row.pop("month"): row for row in found}


def _failed() -> dict[datetime, int]:
    rows = StripeEvent.objects.filter(type="invoice.payment_failed").order_by()
    months = rows.values_list(TruncMonth("created", tzinfo=UTC)).annotate(Count("pk"))
    return dict(months)


def _first_day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _every_month(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
