"""A bot: the user's intent, the ledger's sums, and which worker runs it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from bots.models.fields import MoneyField
from exchanges.models import Credential


class Strategy(models.TextChoices):
    GRID = "grid"
    DCA = "dca"


class BotStatus(models.TextChoices):
    """What the user wants. `lease_owner` says what is."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    ERROR = "error"


class Worker(models.Model):
    """One heartbeat row per worker process."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    lock_key = models.BigIntegerField()  # its session advisory lock, the sign of life
    started_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField()
    closing = models.BooleanField(default=False)

    class Meta:
        db_table = "workers"

    def __str__(self) -> str:
        return self.name


class Bot(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bots")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="bots")
    name = models.CharField(max_length=100)
    strategy = models.CharField(max_length=10, choices=Strategy)
    symbol = models.CharField(max_length=20)
    config = models.JSONField()  # decimals as strings
    status = models.CharField(max_length=10, choices=BotStatus, default=BotStatus.STOPPED)
    # True from a stop until the runner has seen at the exchange that no order is left.
    stopping = models.BooleanField(default=False)
    halted = models.BooleanField(default=False)
    # Paused because the plan allows no more of them; it goes on by itself when the plan does.
    paused_by_plan = models.BooleanField(default=False, db_default=False)
    status_reason = models.CharField(max_length=500, blank=True)
    # What a stop does with the inventory: "" as the config says, or cancel, cancel_and_sell.
    stop_action = models.CharField(max_length=20, blank=True)

    total_investment = MoneyField()
    realized_pnl = MoneyField()
    cash = MoneyField()
    base = MoneyField()
    cost = MoneyField()  # what the base held was bought for, as a total
    fees = models.JSONField(default=dict)  # {asset: amount as string}
    trades = models.PositiveIntegerField(default=0)
    last_fill_time = models.BigIntegerField(default=0)  # of the newest fill in the ledger, ms
    last_trade_id = models.CharField(max_length=100, blank=True)

    run = models.PositiveIntegerField(default=0)  # +1 at each start after a stop
    memory = models.JSONField(default=dict)  # what the strategy must remember: triggers, peaks, due times
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)

    lease_owner = models.ForeignKey(
        Worker, on_delete=models.SET_NULL, null=True, blank=True, related_name="bots"
    )
    lease_token = models.BigIntegerField(default=0)  # +1 at each claim; every order write checks it

    class Meta:
        db_table = "bots"
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["user", "-created_at"]), models.Index(fields=["status"])]
        constraints = [
            models.CheckConstraint(condition=Q(strategy__in=Strategy.values), name="bots_strategy_known"),
            models.CheckConstraint(condition=Q(status__in=BotStatus.values), name="bots_status_known"),
        ]

    def __str__(self) -> str:
        return self.name
