"""Accounts with money that does not exist: what they hold, what they ordered, what they traded.

Whoever writes holds the account's row lock. `revision` counts what happened to an account; the orders and trades
of a change carry its number, so that "what is new since n" has one answer in every process."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q

from bots.core.types import Liquidity, OrderStatus, OrderType, Side
from exchanges.models import Credential

SIDES = [(side.value, side.value) for side in Side]
TYPES = [(kind.value, kind.value) for kind in OrderType]
STATUSES = [
    (status.value, status.value) for status in (OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELLED)
]
LIQUIDITIES = [(kind.value, kind.value) for kind in Liquidity]

if TYPE_CHECKING:
    _Decimal = models.DecimalField[Any, Decimal]
else:
    _Decimal = models.DecimalField


class AmountField(_Decimal):
    """Eight places as in the bots' ledger, and room for the largest sums of the cheapest coins."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 30)
        kwargs.setdefault("decimal_places", 8)
        super().__init__(*args, **kwargs)


class PaperAccount(models.Model):
    credential = models.OneToOneField(
        Credential, on_delete=models.CASCADE, primary_key=True, related_name="paper"
    )
    revision = models.BigIntegerField(default=0)
    start_asset = models.CharField(max_length=20)
    start_amount = AmountField()
    since = models.BigIntegerField(default=0)  # the revision of the last reset

    class Meta:
        db_table = "paper_accounts"

    def __str__(self) -> str:
        return f"paper account {self.pk}"


class PaperBalance(models.Model):
    account = models.ForeignKey(PaperAccount, on_delete=models.CASCADE, related_name="balances")
    asset = models.CharField(max_length=20)
    free = AmountField(default=Decimal(0))
    locked = AmountField(default=Decimal(0))

    class Meta:
        db_table = "paper_balances"
        constraints = [
            models.UniqueConstraint(fields=["account", "asset"], name="paper_balance_once"),
            models.CheckConstraint(
                condition=Q(free__gte=0, locked__gte=0), name="paper_balance_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.total} {self.asset}"

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


class PaperOrder(models.Model):
    account = models.ForeignKey(PaperAccount, on_delete=models.CASCADE, related_name="orders")
    symbol = models.CharField(max_length=20)
    client_id = models.CharField(max_length=36)
    side = models.CharField(max_length=4, choices=SIDES)
    type = models.CharField(max_length=6, choices=TYPES)
    price = AmountField(null=True)  # type: ignore[misc] # None for a market order
    quantity = AmountField()
    filled = AmountField(default=Decimal(0))
    locked = AmountField(default=Decimal(0))  # of the coin it pays with
    status = models.CharField(max_length=10, choices=STATUSES)
    reason = models.CharField(max_length=100, blank=True)
    time = models.BigIntegerField()  # ms on the exchange's clock
    updated = models.BigIntegerField()
    revision = models.BigIntegerField()

    class Meta:
        db_table = "paper_orders"
        indexes = [
            models.Index(fields=["account", "revision"]),
            models.Index(fields=["account", "client_id"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "symbol", "client_id"],
                condition=Q(status=OrderStatus.OPEN.value),
                name="paper_order_open_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]), name="paper_order_status_known"
            ),
            models.CheckConstraint(condition=Q(filled__lte=F("quantity")), name="paper_order_not_overfilled"),
        ]

    def __str__(self) -> str:
        return self.client_id


class PaperTrade(models.Model):
    account = models.ForeignKey(PaperAccount, on_delete=models.CASCADE, related_name="trades")
    order = models.ForeignKey(PaperOrder, on_delete=models.CASCADE, related_name="trades")
    symbol = models.CharField(max_length=20)
    side = models.CharField(max_length=4, choices=SIDES)
    price = AmountField()
    quantity = AmountField()
    fee = AmountField()
    fee_asset = models.CharField(max_length=20)
    liquidity = models.CharField(max_length=5, choices=LIQUIDITIES)
    time = models.BigIntegerField()
    revision = models.BigIntegerField()

    class Meta:
        db_table = "paper_trades"
        indexes = [
            models.Index(fields=["account", "revision"]),
            models.Index(fields=["account", "symbol", "time"]),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} @ {self.price}"


class PaperMarket(models.Model):
    """Until when a market's prices have been applied to the account's orders."""

    account = models.ForeignKey(PaperAccount, on_delete=models.CASCADE, related_name="markets")
    symbol = models.CharField(max_length=20)
    seen = models.BigIntegerField()

    class Meta:
        db_table = "paper_markets"
        constraints = [models.UniqueConstraint(fields=["account", "symbol"], name="paper_market_once")]

    def __str__(self) -> str:
        return self.symbol
