"""Orders and their fills. One row is one order, sent at most once (docs/ARCHITECTURE.md, life of an order)."""

import uuid

from django.db import models
from django.db.models import Q

from bots.core.types import Liquidity, OrderStatus, OrderType, Side
from bots.models.bot import Bot
from bots.models.fields import MoneyField

SIDES = [(side.value, side.value) for side in Side]
TYPES = [(kind.value, kind.value) for kind in OrderType]
STATUSES = [(status.value, status.value) for status in OrderStatus]
LIQUIDITIES = [(kind.value, kind.value) for kind in Liquidity]
LIVE = [status.value for status in OrderStatus if status.is_live]


class Order(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="orders")
    client_order_id = models.CharField(max_length=36, unique=True)
    exchange_order_id = models.CharField(max_length=100, blank=True)
    run = models.PositiveIntegerField(default=0)
    slot = models.IntegerField()
    cycle = models.PositiveIntegerField()
    attempt = models.PositiveIntegerField(default=0)
    side = models.CharField(max_length=4, choices=SIDES)
    type = models.CharField(max_length=6, choices=TYPES)
    price = MoneyField(null=True, blank=True)  # type: ignore[misc] # None for a market order
    quantity = MoneyField()
    post_only = models.BooleanField(default=False)
    dust_used = MoneyField()  # base already held that this buy counts on
    # By a start, a recovery, a cycle's progress or a deferral's end; the others count towards the runaway limit.
    explained = models.BooleanField(default=True)
    status = models.CharField(max_length=10, choices=STATUSES, default=OrderStatus.PENDING.value)
    reason = models.CharField(max_length=300, blank=True)
    filled_quantity = MoneyField()  # base, gross of fees
    filled_quote = MoneyField()  # sum of price * quantity over its fills
    fee = MoneyField()  # in quote, at the time of each fill
    fee_base = MoneyField()  # the part of the fees that was taken in the base coin, in base
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.BigIntegerField(null=True, blank=True)  # ms on the exchange's clock
    filled_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "orders"
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["bot", "-created_at"]),
            models.Index(fields=["bot", "slot", "cycle"]),
            models.Index(fields=["exchange_order_id"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "slot"], condition=Q(status__in=LIVE), name="orders_one_live_per_slot"
            ),
            models.UniqueConstraint(
                fields=["bot", "slot", "cycle", "side", "attempt"], name="orders_attempt_unique"
            ),
            models.CheckConstraint(condition=Q(side__in=[s for s, _ in SIDES]), name="orders_side_known"),
            models.CheckConstraint(condition=Q(type__in=[t for t, _ in TYPES]), name="orders_type_known"),
            models.CheckConstraint(
                condition=Q(status__in=[s for s, _ in STATUSES]), name="orders_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.client_order_id


class Fill(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="fills")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="fills")
    account = models.CharField(max_length=160)  # exchange:uid
    symbol = models.CharField(max_length=20)
    trade_id = models.CharField(max_length=100)
    side = models.CharField(max_length=4, choices=SIDES)
    price = MoneyField()
    quantity = MoneyField()
    fee = MoneyField()
    fee_asset = models.CharField(max_length=20)
    fee_quote = MoneyField()  # the fee in the quote coin at the time of the fill
    liquidity = models.CharField(max_length=5, choices=LIQUIDITIES)
    time = models.DateTimeField()

    class Meta:
        db_table = "fills"
        ordering = ["-time", "-trade_id", "id"]
        indexes = [models.Index(fields=["bot", "-time"])]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "symbol", "trade_id", "order"], name="fills_once_per_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} @ {self.price}"
