"""A user's standing: looked up at Stripe, written down with the plan that follows from it in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

import stripe
from django.db import connection, transaction
from djstripe.models import Customer, Product, Subscription

from accounts.models import User
from billing import clock, gateway, revenue
from billing.judging import FREE, RANKS, Judged, judge
from billing.models import CryptoOrder, Grant, Standing
from billing.money import dollars
from billing.news import GRACE, News, goes_on_until
from billing.plans import PLANS
from billing.signals import plan_changed, plan_news


def review(customer: str) -> None:
    """Looks the customer up and writes down what follows. Of two that look at once the later look counts, whoever
    writes first. Raises StripeError."""
    standing = Standing.objects.select_related("user").filter(customer=customer).first()
    if standing is None:
        return
    with alone_with(customer):
        _look_and_write(standing, customer)


@contextmanager
def alone_with(customer: str) -> Iterator[None]:
    """dj-stripe does not bear two that write one object at once. A lock of the session, not of a transaction: Stripe is
    asked meanwhile. Who dies frees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('billing'), hashtext(%s))", [customer])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('billing'), hashtext(%s))", [customer])


def _look_and_write(standing: Standing, customer: str) -> None:
    number = _next_look()
    seen = gateway.look(customer)
    _keep_copies(seen)
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=standing.user.pk)
        row = Standing.objects.select_for_update().get(pk=user.pk)
        if row.look > number:
            return
        for subscription in seen.originals:
            Subscription.sync_from_stripe_data(subscription)
        _write(user, row, judge(seen.subscriptions, seen.now), number)


def _next_look() -> int:
    """Numbers looks in the order in which they begin, over all processes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('billing_looks')")
        return int(cursor.fetchone()[0])


def _keep_copies(seen: gateway.Seen) -> None:
    """dj-stripe's rows of what subscriptions point to, before the transaction: those it lacks it would fetch in it."""
    if not seen.is_deleted:
        Customer.sync_from_stripe_data(seen.customer)
    sold = {item["price"]["product"] for each in seen.subscriptions for item in each["items"]["data"]}
    for product in sold - set(Product.objects.filter(id__in=sold).values_list("id", flat=True)):
        Product.sync_from_stripe_data(gateway.client().v1.products.retrieve(product))


def _write(user: User, row: Standing, judged: Judged, number: int) -> None:
    news = news_of(row, judged)
    values = asdict(judged) | {
        "paid_until": _moment(judged.paid_until),
        "grace_until": _moment(judged.grace_until),
        "look": number,
    }
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    settle(user)
    for each in news:
        send(user, each)


def settle(user: User) -> None:
    """`users.plan` becomes the best of what is subscribed, prepaid and granted; what comes in a month is noted. The
    user is locked by the caller."""
    now = clock.now()
    revenue.note(user, now)
    held = [
        *Standing.objects.filter(user=user).values_list("plan", flat=True),
        *Grant.objects.filter(user=user, until__gt=now).values_list("plan", flat=True),
        *CryptoOrder.objects.filter(user=user, starts__lte=now, until__gt=now - GRACE).values_list(
            "plan", flat=True
        ),
    ]
    plan = max([FREE, *held], key=RANKS.__getitem__)
    if plan != user.plan:
        before, user.plan = user.plan, plan
        user.save(update_fields=["plan"])
        plan_changed.send(User, user=user, before=before, after=plan)


def news_of(row: Standing, judged: Judged) -> list[News]:
    """What a user has to hear of between what was known and what is."""
    name, kept = PLANS[judged.plan].name, judged.subscription
    found = []
    if judged.grace_until and row.grace_until != _moment(judged.grace_until):
        why = "has ended" if judged.status == "canceled" else "was not paid"
        text = f"Your {name} plan {why}. {goes_on_until(_from_epoch(judged.grace_until))}"
        found.append(News("plan_grace", text, f"{kept}:{judged.grace_until}"))
    if row.grace_until and not judged.grace_until and judged.plan != FREE:
        found.append(News("plan_paid", f"Your {name} plan is paid again.", f"{kept}:{judged.paid_until}"))
    if judged.ends_at_period and not row.ends_at_period:
        text = f"Your {name} plan is cancelled: it ends on {_moment(judged.paid_until):%Y-%m-%d}."
        found.append(News("plan_cancelled", text, f"{kept}:{judged.paid_until}"))
    return found


def end_what_was_taken_back(charge: str) -> tuple[str, News]:
    """The customer whose charge was refunded or is disputed, and what he has to hear of it. Where it was his last one,
    and all of it, his subscriptions end at once. Raises StripeError."""
    v1 = gateway.client().v1
    found = v1.charges.retrieve(charge)
    customer = str(found.customer)
    listed = v1.charges.list({"customer": customer, "limit": 100}).data  # attempts that failed are among them
    newest = next((each.id for each in listed if each.paid), "")
    ends = newest == found.id and bool(found.refunded or found.disputed)
    for subscription in v1.subscriptions.list({"customer": customer}).data if ends else []:
        v1.subscriptions.cancel(subscription.id)
    return customer, _news_of_charge(found, ends)


def _news_of_charge(charge: stripe.Charge, ends: bool) -> News:
    ended = " Your subscription has ended with it." if ends else ""
    if charge.disputed:
        text = f"Your bank disputes a payment of {dollars(charge.amount)}.{ended} If that is a mistake, write to us."
        return News("plan_disputed", text, charge.id)
    text = f"We have refunded {dollars(charge.amount_refunded)} of your payments.{ended}"
    return News("plan_refunded", text, f"{charge.id}:{charge.amount_refunded}")


def tell(customer: str, news: News) -> None:
    """Once of each occasion, however often this is called."""
    row = Standing.objects.select_related("user").filter(customer=customer).first()
    if row is not None:
        with transaction.atomic():
            send(row.user, news)


def send(user: User, news: News) -> None:
    plan_news.send(User, user=user, news=news)


def _moment(seconds: int) -> datetime | None:
    return _from_epoch(seconds) if seconds else None


def _from_epoch(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
