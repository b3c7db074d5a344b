"""What users do at Stripe: buy a plan at its checkout, change, pay and cancel in its portal. And what is sold there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from django.core.cache import cache
from django.db import IntegrityError, transaction

from accounts.models import User
from billing import gateway, standing
from billing.judging import GOOD
from billing.models import Standing
from billing.money import dollars, short_dollars
from billing.plans import PLANS

PAID = tuple(plan for plan in PLANS if plan != "free")
INTERVALS = ("month", "year")
RUNNING = (*GOOD, "past_due", "unpaid")  # subscriptions that are not over
CURRENCY = "usd"
# Cents, as first published. From then on prices live in Stripe: what changed there stays.
FIRST_AMOUNTS = {"starter": 1_900, "pro": 4_900, "enterprise": 19_900}
MONTHS_OF_A_YEAR = 10  # that a year costs
KNOWN, KNOWN_SECONDS = "billing:offers", 3600


class ShopRefused(Exception):
    """`detail` is a sentence for the user."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def _subscribed() -> ShopRefused:
    return ShopRefused("subscribed", "You have a subscription: change it in the billing portal.")


def _nothing_yet() -> ShopRefused:
    return ShopRefused("no_customer", "There is nothing to manage yet: choose a plan first.")


@dataclass(frozen=True, slots=True)
class Offer:
    plan: str
    interval: str
    amount: int  # cents
    price: str  # Stripe's id

    @property
    def dollars(self) -> str:
        return short_dollars(self.amount)


def offers() -> list[Offer]:
    """What is sold now. Raises StripeError."""
    keys = [_key(plan, interval) for plan in PAID for interval in INTERVALS]
    found = gateway.client().v1.prices.list({"lookup_keys": keys, "active": True, "limit": 100}).data
    by_key = {price.lookup_key: price for price in found}
    return [
        Offer(plan, interval, int(price.unit_amount or 0), price.id)
        for plan in PAID
        for interval in INTERVALS
        if (price := by_key.get(_key(plan, interval)))
    ]


def known_offers() -> list[Offer]:
    """For pages: as of the last hour, since what changes at Stripe is told (`forget_offers`). Raises StripeError."""
    known: list[Offer] | None = cache.get(KNOWN)
    if known is None:
        known = offers()
        cache.set(KNOWN, known, timeout=KNOWN_SECONDS)
    return known


def forget_offers() -> None:
    cache.delete(KNOWN)


def open_checkout(*, user: User, plan: str, interval: str, success_url: str, cancel_url: str) -> str:
    """The address of Stripe's page. Raises ShopRefused and StripeError."""
    offer = next((each for each in offers() if (each.plan, each.interval) == (plan, interval)), None)
    if offer is None:
        raise ShopRefused("not_offered", f"Choose a plan ({', '.join(PAID)}) and an interval (month, year).")
    customer = customer_of(user)
    with standing.alone_with(customer):
        seen = gateway.look(customer)
        if any(each["status"] in RUNNING for each in seen.subscriptions):
            raise _subscribed()
        if seen.is_deleted:
            customer = _anew(user, customer)
        else:
            _close_checkouts(customer)
        return _checkout(user, customer, offer, success_url, cancel_url)


def _close_checkouts(customer: str) -> None:
    """Two that are open at once could both be paid, and begin two subscriptions."""
    sessions = gateway.client().v1.checkout.sessions
    for each in sessions.list({"customer": customer, "status": "open", "limit": 100}).data:
        try:
            sessions.expire(each.id)
        except gateway.NoSuchObject:  # it was paid meanwhile
            raise _subscribed() from None


def _checkout(user: User, customer: str, offer: Offer, success_url: str, cancel_url: str) -> str:
    session = gateway.client().v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": customer,
            "client_reference_id": str(user.pk),
            "line_items": [{"price": offer.price, "quantity": 1}],
            "success_url": success_url,
            "cancel_url": cancel_url,
            "subscription_data": {"metadata": {"user": str(user.pk)}},
        }
    )
    return str(session.url)


def open_portal(*, user: User, return_url: str) -> str:
    """Raises ShopRefused and StripeError."""
    found = Standing.objects.filter(user=user).first()
    if found is None:
        raise _nothing_yet()
    try:
        session = gateway.client().v1.billing_portal.sessions.create(
            {"customer": found.customer, "return_url": return_url}
        )
    except gateway.NoSuchObject:  # deleted there
        raise _nothing_yet() from None
    return str(session.url)


@dataclass(frozen=True, slots=True)
class Invoice:
    number: str
    at: datetime
    amount: str  # dollars
    status: str
    url: str
    pdf: str


def invoices_of(user: User) -> list[Invoice]:
    """The newest first. Raises StripeError."""
    found = Standing.objects.filter(user=user).first()
    if found is None:
        return []
    listed = gateway.client().v1.invoices.list({"customer": found.customer, "limit": 100}).data
    return [_invoice(each) for each in listed if each.status != "draft"]


def _invoice(found: stripe.Invoice) -> Invoice:
    at = datetime.fromtimestamp(found.created, UTC)
    words = (found.status or "").replace("void", "cancelled")
    links = found.hosted_invoice_url or "", found.invoice_pdf or ""
    return Invoice(found.number or found.id or "", at, dollars(found.total), words, *links)


def customer_of(user: User) -> str:
    """Stripe's customer, made at the first need. Raises StripeError."""
    found = Standing.objects.filter(user=user).first()
    if found is not None:
        return found.customer
    made = _made_customer(user, f"customer-{user.pk}")
    try:
        with transaction.atomic():
            Standing.objects.create(user=user, customer=made)
    except IntegrityError:  # the other one wrote it
        return Standing.objects.get(user=user).customer
    return made


def _anew(user: User, gone: str) -> str:
    """Another customer for one that was deleted at Stripe."""
    made = _made_customer(user, f"customer-{user.pk}-{gone}")
    Standing.objects.filter(user=user, customer=gone).update(customer=made)
    return Standing.objects.get(user=user).customer


def _made_customer(user: User, key: str) -> str:
    """Two at once, under one idempotency key, make one."""
    params: Any = {"email": user.email, "metadata": {"djstripe_subscriber": str(user.pk)}}
    return str(gateway.client().v1.customers.create(params, {"idempotency_key": key}).id)


def publish() -> list[str]:
    """Makes the products and prices that Stripe lacks; answers what was made. Safe to repeat. Raises StripeError."""
    there = {product.id for product in gateway.client().v1.products.list({"limit": 100}).auto_paging_iter()}
    sold = {(offer.plan, offer.interval) for offer in offers()}
    made = [_publish_product(plan) for plan in PAID if _product(plan) not in there]
    made += [
        _publish_price(plan, interval)
        for plan in PAID
        for interval in INTERVALS
        if (plan, interval) not in sold
    ]
    forget_offers()
    return made


def _publish_product(plan: str) -> str:
    params: Any = {"id": _product(plan), "name": f"AutoGrid {PLANS[plan].name}", "metadata": {"plan": plan}}
    return str(gateway.client().v1.products.create(params).id)


def _publish_price(plan: str, interval: str) -> str:
    params: Any = {
        "product": _product(plan),
        "currency": CURRENCY,
        "unit_amount": FIRST_AMOUNTS[plan] * (MONTHS_OF_A_YEAR if interval == "year" else 1),
        "recurring": {"interval": interval},
        "lookup_key": _key(plan, interval),
        "metadata": {"plan": plan},
    }
    gateway.client().v1.prices.create(params)
    return _key(plan, interval)


def _product(plan: str) -> str:
    return f"autogrid_{plan}"


def _key(plan: str, interval: str) -> str:
    return f"autogrid_{plan}_{interval}"
