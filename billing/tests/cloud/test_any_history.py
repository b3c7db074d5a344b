"""Any history of a subscription leads to one state, however its webhooks come."""

import random
from contextlib import suppress

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from billing import reviews, shop, webhooks
from billing.gateway import StripeError, client
from billing.models import Movement, Standing, StripeEvent
from tests.fakes.stripe import invoices
from tests.fakes.stripe.books import Object, Refused
from tests.fakes.stripe.customers import FAILS_LATER, GOOD

FIGURES = ("status", "plan", "interval", "amount", "paid_until", "grace_until", "ends_at_period")


def newest_charge(cloud, user: User) -> str:
    charges = cloud.fake.books.all("charge", customer=shop.customer_of(user))
    if not charges:
        raise Refused(404, "invalid_request_error", "There is none.")
    return charges[0]["id"]


STEPS = {
    "pro": lambda cloud, user: cloud.in_portal(user, "price", price=cloud.price("pro")),
    "starter": lambda cloud, user: cloud.in_portal(user, "price", price=cloud.price("starter")),
    "bad card": lambda cloud, user: cloud.in_portal(user, "card", number=FAILS_LATER),
    "good card": lambda cloud, user: cloud.in_portal(user, "card", number=GOOD),
    "cancel": lambda cloud, user: cloud.in_portal(user, "cancel"),
    "keep": lambda cloud, user: cloud.in_portal(user, "keep"),
    "yearly": lambda cloud, user: cloud.in_portal(user, "price", price=cloud.price("pro", "year")),
    "refund": lambda cloud, user: invoices.refund(cloud.fake.books, newest_charge(cloud, user)),
    "dispute": lambda cloud, user: invoices.dispute(cloud.fake.books, newest_charge(cloud, user)),
    "delete": lambda cloud, user: client().v1.customers.delete(shop.customer_of(user)),
    "buy again": lambda cloud, user: cloud.buy(user, "starter"),
}
# To these we answer with an act at Stripe: what comes of it depends on when, so that no other step comes between.
ANSWERED = ("charge.refunded", "charge.dispute.created")
DAYS = {"a week": 7, "a month": 31}
HISTORIES = st.lists(st.sampled_from(sorted({*STEPS, *DAYS})), min_size=1, max_size=7)


def state(user: User) -> tuple[object, ...]:
    row = Standing.objects.values(*FIGURES).get(user=user)
    last = Movement.objects.filter(user=user).first()
    return User.objects.get(pk=user.pk).plan, row, last.after if last else 0


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=st.sampled_from(["starter", "pro"]), history=HISTORIES, seed=st.integers(0, 10**6))
def test_webhooks_late_twice_and_shuffled_lead_to_what_they_lead_to_in_order(cloud, plan, history, seed):
    """One history for two users at one Stripe, whose clock stands. What becomes of it in order is Alice's; Bob's
    webhooks come late, twice and in any order, some of them worked off in between."""
    with transaction.atomic():
        alice, bob = (User.objects.create_user(f"{name}@example.org") for name in ("alice", "bob"))
        play(cloud, alice, bob, plan, history, random.Random(seed))
        assert not StripeEvent.objects.filter(processed_at=None).exists()
        assert state(bob) == state(alice)
        standing = Standing.objects.get(user=bob)
        rows = cloud.fake.books.all("subscription", customer=standing.customer)
        assert standing.status in {row["status"] for row in rows} or not standing.status
        transaction.set_rollback(True)


def play(cloud, alice: User, bob: User, plan: str, history: list[str], chosen: random.Random) -> None:
    bobs_customers = {cloud.buy(user, plan) for user in (alice, bob)} - {shop.customer_of(alice)}
    waiting: list[Object] = []
    for name in [*history, "the end"]:
        for event in cloud.fake.delivery.take():
            is_bobs = customer_of(cloud, event) in bobs_customers
            waiting += [event] * is_bobs
            if not is_bobs or event["type"] in ANSWERED:
                receive(cloud, event)
        webhooks.process()
        if chosen.random() < 0.5:
            deliver_some(cloud, waiting, chosen)
        cloud.pass_days(DAYS.get(name, 0))
        for user in (alice, bob) if name in STEPS else ():
            with suppress(Refused, StripeError, shop.ShopRefused):  # what is refused in this state is no step
                STEPS[name](cloud, user)
        bobs_customers.add(shop.customer_of(bob))
    waiting = (waiting + cloud.fake.delivery.take()) * 2
    while waiting:
        deliver_some(cloud, waiting, chosen)
    reviews.review_due()  # as every five minutes: graces end by the clock, without a webhook


def receive(cloud, event: Object) -> None:
    """Without the way through pages and middleware: there are thousands."""
    ((_, body, headers),) = cloud.fake.delivery.messages(event)
    webhooks.receive(body, headers["Stripe-Signature"])


def customer_of(cloud, event: Object) -> str:
    row = event["data"]["object"]
    if row["object"] == "dispute":
        row = cloud.fake.books.objects[row["charge"]]
    return row["id"] if row["object"] == "customer" else row.get("customer", "")


def deliver_some(cloud, waiting: list[Object], chosen: random.Random) -> None:
    """In any order, each perhaps to come again; worked off at the end."""
    for _ in range(chosen.randint(1, max(1, len(waiting)))):
        if waiting:
            event = waiting.pop(chosen.randrange(len(waiting)))
            receive(cloud, event)
    webhooks.process()
