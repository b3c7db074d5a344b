"""What Stripe has told us, and what follows from it for each user. Stripe's own objects are in dj-stripe's tables."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Plan
from billing.money import dollars


class Standing(models.Model):
    """What a user has paid for, as last seen at Stripe. `users.plan` follows from it and from grants."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="standing"
    )
    customer = models.CharField(max_length=255, unique=True)  # Stripe's ids, here and below
    subscription = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=30, blank=True)  # of the subscription
    plan = models.CharField(max_length=20, choices=Plan, default=Plan.FREE)
    interval = models.CharField(max_length=10, blank=True)  # month or year
    amount = models.PositiveIntegerField(default=0)  # cents for an interval
    paid_until = models.DateTimeField(null=True, blank=True)
    # The plan ends then unless it is paid; None: nothing is wrong.
    grace_until = models.DateTimeField(null=True, blank=True)
    ends_at_period = models.BooleanField(default=False)  # cancelled, and good until paid_until
    look = models.BigIntegerField(default=0)  # number of the look at Stripe that this is from

    objects: ClassVar[models.Manager["Standing"]]

    class Meta:
        db_table = "billing_standings"
        constraints = [
            models.CheckConstraint(condition=Q(plan__in=Plan.values), name="standings_plan_known"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} ({self.status or 'no subscription'})"


class Grant(models.Model):
    """A plan given by an operator."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    plan = models.CharField(max_length=20, choices=Plan)
    reason = models.CharField(max_length=300)
    until = models.DateTimeField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Grant"]]

    class Meta:
        db_table = "billing_grants"
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=Q(plan__in=Plan.values), name="grants_plan_known")]

    def __str__(self) -> str:
        return f"{self.plan} until {self.until:%Y-%m-%d}"


ORDER_WORDS = {
    "waiting": "Waiting for your payment",
    "confirming": "Seen, not confirmed yet",
    "partial": "Not all of it has arrived",
    "paid": "Paid",
    "overpaid": "Paid, and more than was asked",
    "refunded": "Sent back to you",
    "failed": "Failed",
    "expired": "Not paid in time",
}


class CryptoOrder(models.Model):
    """One, three or twelve months of a plan, paid through NOWPayments. `starts` and `until` are set once it is paid."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="crypto_orders")
    plan = models.CharField(max_length=20, choices=Plan)
    months = models.PositiveSmallIntegerField()
    amount = models.PositiveIntegerField()  # cents for all of them
    invoice = models.CharField(max_length=100)  # NOWPayments' id, and its page
    url = models.URLField(max_length=500)
    status = models.CharField(max_length=20, default="waiting")  # see billing/prepaid.py
    arrived = models.PositiveIntegerField(default=0)  # cents, at the rates that were agreed
    created_at = models.DateTimeField(auto_now_add=True)
    starts = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True, db_index=True)

    objects: ClassVar[models.Manager["CryptoOrder"]]

    class Meta:
        db_table = "billing_crypto_orders"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(plan__in=Plan.values), name="crypto_orders_plan_known"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} for {self.months} months ({self.status})"

    @property
    def asked(self) -> str:
        return dollars(self.amount)

    @property
    def came(self) -> str:
        return dollars(self.arrived)

    @property
    def in_words(self) -> str:
        return ORDER_WORDS[self.status]

    @property
    def is_open(self) -> bool:
        return self.status in ("waiting", "partial")


class CryptoPayment(models.Model):
    """A payment towards an order, kept by NOWPayments' id before anything is done about it, and as last seen there."""

    id = models.CharField(max_length=40, primary_key=True)
    order = models.ForeignKey(CryptoOrder, on_delete=models.CASCADE, related_name="payments")
    status = models.CharField(max_length=30, default="waiting")
    currency = models.CharField(max_length=30, blank=True)
    asked = models.DecimalField(max_digits=40, decimal_places=18, default=0)  # of the coin, here and below
    paid = models.DecimalField(max_digits=40, decimal_places=18, default=0)
    price = models.DecimalField(max_digits=20, decimal_places=8, default=0)  # dollars for what is asked
    received_at = models.DateTimeField(auto_now_add=True)
    next_look_at = models.DateTimeField(null=True, blank=True, default=timezone.now, db_index=True)
    attempts = models.PositiveIntegerField(default=0)

    objects: ClassVar[models.Manager["CryptoPayment"]]

    class Meta:
        db_table = "billing_crypto_payments"
        ordering = ["-received_at", "id"]

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"


class Movement(models.Model):
    """A change of what a user pays a month, in cents: the sum of all of them is what comes in now."""

    # None once the account is gone: what it paid stays history.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="movements"
    )
    at = models.DateTimeField(db_index=True)
    before = models.PositiveIntegerField()
    after = models.PositiveIntegerField()

    objects: ClassVar[models.Manager["Movement"]]

    class Meta:
        db_table = "billing_movements"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.before} -> {self.after}"


class StripeEvent(models.Model):
    """A webhook, kept by its id before anything is done about it. Only whom and what it concerns is kept: the object is
    fetched again, so that the order of webhooks does not matter."""

    id = models.CharField(max_length=255, primary_key=True)
    type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=255, blank=True)
    customer = models.CharField(max_length=255, blank=True)
    created = models.DateTimeField()  # by Stripe's clock
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=300, blank=True)

    objects: ClassVar[models.Manager["StripeEvent"]]

    class Meta:
        db_table = "billing_events"
        ordering = ["-received_at"]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(processed_at=None), name="billing_events_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
