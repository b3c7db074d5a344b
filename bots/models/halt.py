"""Halts of trading above a single bot: for everybody, for one exchange, for one user. A lifted one stays as history."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from bots.models.bot import Bot

ACTIVE = Q(lifted_at=None)


class Scope(models.TextChoices):
    ALL = "all", "everybody"
    EXCHANGE = "exchange", "one exchange"
    USER = "user", "one user"


class HaltAction(models.TextChoices):
    PAUSE = "pause", "pause: nothing new is opened, what is open stays"
    STOP = "stop", "stop: bots are stopped and their orders cancelled"


class TradingHalt(models.Model):
    """In force from its first commit on: starts are refused, and workers see it within a second."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.CharField(max_length=10, choices=Scope)
    exchange = models.CharField(max_length=50, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="halts"
    )
    action = models.CharField(max_length=10, choices=HaltAction, default=HaltAction.PAUSE)
    reason = models.CharField(max_length=300)
    # Placed by the circuit breaker, not by an operator.
    automatic = models.BooleanField(default=False)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "trading_halts"
        ordering = ["-placed_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="halts_scope_known"),
            models.CheckConstraint(condition=Q(action__in=HaltAction.values), name="halts_action_known"),
            models.CheckConstraint(
                condition=Q(scope=Scope.ALL, exchange="", user=None)
                | Q(scope=Scope.EXCHANGE, user=None) & ~Q(exchange="")
                | Q(scope=Scope.USER, exchange="", user__isnull=False),
                name="halts_scope_says_whom",
            ),
            models.UniqueConstraint(
                fields=["scope", "exchange", "user"],
                condition=ACTIVE,
                nulls_distinct=False,
                name="halts_one_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.whom}: {self.reason}"

    @property
    def whom(self) -> str:
        """Who does not trade, as a user or an operator reads it."""
        if self.scope == Scope.USER:
            return str(self.user)
        return self.exchange.title() if self.scope == Scope.EXCHANGE else "Everybody"

    @property
    def sentence(self) -> str:
        """What a user reads: on pages, as the reason of a refused start, in the reason of a slot without an order."""
        where = {
            Scope.ALL: "",
            Scope.EXCHANGE: f" on {self.exchange.title()}",
            Scope.USER: " for your account",
        }
        by = "by the circuit breaker" if self.automatic else "by the operator"
        return f"Trading{where[Scope(self.scope)]} is halted {by}: {self.reason.rstrip('.')}."

    def concerns(self, bot: Bot) -> bool:
        """`bot.credential` should be loaded."""
        if self.scope == Scope.USER:
            return bool(self.user_id == bot.user_id)
        return self.scope == Scope.ALL or bot.credential.exchange == self.exchange
