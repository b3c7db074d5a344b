"""Backtests and optimisations that are kept: what was asked, how far it is, and what came of it."""

import uuid
import zlib
from typing import Any

import orjson
from django.conf import settings
from django.db import models
from django.db.models import Q


class BacktestKind(models.TextChoices):
    RUN = "run"
    OPTIMIZE = "optimize"


class BacktestStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (BacktestStatus.QUEUED, BacktestStatus.RUNNING)


class Backtest(models.Model):
    """`request` is what was asked, defaults filled in, decimals as strings. `summary` holds the few figures that lists
    show, so that nobody unpacks a result for them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="backtests")
    kind = models.CharField(max_length=10, choices=BacktestKind)
    status = models.CharField(max_length=10, choices=BacktestStatus)
    progress = models.FloatField(default=0.0)  # 0 to 1
    doing = models.CharField(max_length=300, blank=True)  # a sentence: what it waits for, or is at
    request = models.JSONField()
    summary = models.JSONField(default=dict)
    packed = models.BinaryField(null=True)  # the result: JSON, zlib
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Of the worker that has it: +1 at each claim; who writes with another token has lost it.
    token = models.PositiveIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "backtests"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-created_at"]),
            models.Index(fields=["status"], condition=Q(status__in=UNFINISHED), name="backtests_unfinished"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=BacktestKind.values), name="backtests_kind_known"),
            models.CheckConstraint(
                condition=Q(status__in=BacktestStatus.values), name="backtests_status_known"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(status=BacktestStatus.RUNNING), name="backtests_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.request.get('symbol', '')}"

    @property
    def result(self) -> Any:
        """The report of a run, or what the optimiser found; None until it is done."""
        return None if self.packed is None else orjson.loads(zlib.decompress(self.packed))


def pack(result: Any) -> bytes:
    """A year of results as a few kilobytes, in a few milliseconds."""
    return zlib.compress(orjson.dumps(result), 1)
