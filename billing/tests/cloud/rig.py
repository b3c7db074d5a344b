"""A cloud whose Stripe is the stand-in: products published, webhooks delivered by hand, the clock to be moved."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from billing import gateway, shop, webhooks
from billing.models import StripeEvent
from tests.fakes.stripe import checkout, clock, portal, subscriptions
from tests.fakes.stripe.books import Object
from tests.fakes.stripe.customers import GOOD
from tests.fakes.stripe.server import FakeStripe

__all__ = ["Cloud", "alices_page", "cloud"]

KEY = "sk_test_" + "0" * 24
DAY = 86_400
HOOK = "/billing/webhook/"


@dataclass
class Cloud:
    fake: FakeStripe

    def buy(self, user: User, plan: str, interval: str = "month", number: str = GOOD) -> str:
        """Through the checkout's page; answers the customer."""
        url = shop.open_checkout(
            user=user,
            plan=plan,
            interval=interval,
            success_url="http://testserver/",
            cancel_url="http://testserver/",
        )
        with self.fake.books.lock:
            session = self.fake.books.objects[url.rpartition("/")[2]]
            checkout.pay(self.fake.books, session, number)
        return shop.customer_of(user)

    def in_portal(self, user: User, do: str, **form: str) -> None:
        session = self.fake.books.objects[shop.open_portal(user=user, return_url="").rpartition("/")[2]]
        with self.fake.books.lock:
            portal.act(self.fake.books, session, {"do": do, **form})

    def price(self, plan: str, interval: str = "month") -> str:
        return next(each.price for each in shop.offers() if (each.plan, each.interval) == (plan, interval))

    def pass_days(self, days: float) -> None:
        with self.fake.books.lock:
            clock.advance(self.fake.books, int(days * DAY))

    def pass_the_month(self, customer: str, days: float) -> None:
        """To so many days after the end of what the customer has paid, however long the month is."""
        end = subscriptions.item_of(self.subscription(customer))["current_period_end"]
        self.pass_days((end - self.fake.books.now) / DAY + days)

    def subscription(self, customer: str) -> Object:
        return self.fake.books.all("subscription", customer=customer)[0]

    def post(self, event: Object, **options: Any) -> Any:
        """One event as Stripe delivers it."""
        ((_, body, headers),) = self.fake.delivery.messages(event, **options)
        return Client().post(
            HOOK, body, "application/json", headers={"Stripe-Signature": headers["Stripe-Signature"]}
        )

    def deliver(self, shuffle: random.Random | None = None, times: int = 1) -> list[Object]:
        """All that waits, worked off as it comes."""
        events = self.fake.delivery.take() * times
        if shuffle:
            shuffle.shuffle(events)
        for event in events:
            assert self.post(event).status_code == 200
            if shuffle and shuffle.random() < 0.2:
                webhooks.process()
        webhooks.process()
        assert not StripeEvent.objects.filter(processed_at=None).exists()
        return events


@pytest.fixture
def cloud(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    fake = FakeStripe()
    began = time.time()
    fake.books._wall = lambda: began  # no day and no month ends but by `pass_days`
    settings.AUTOGRID_STRIPE_URL, settings.STRIPE_SECRET_KEY = fake.url, KEY
    settings.AUTOGRID_BILLING_CLOCK = f"{fake.url}/control/clock"
    monkeypatch.setattr(stripe, "api_base", fake.url)  # dj-stripe's own calls
    made = gateway.client().v1.webhook_endpoints.create(
        {"url": f"http://testserver{HOOK}", "enabled_events": ["*"]}
    )
    settings.STRIPE_WEBHOOK_SECRET = made.secret
    shop.publish()
    fake.delivery.take()
    cache.clear()
    yield Cloud(fake)
    cache.clear()
    gateway.client.__globals__["_clients"].clear()
    fake.close()


@pytest.fixture
def alices_page(alice: User) -> Client:
    client = Client()
    client.force_login(alice, "allauth.account.auth_backends.AuthenticationBackend")
    return client
