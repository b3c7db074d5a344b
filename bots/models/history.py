"""What happened to a bot, in words, and what it was worth over time."""

import uuid

from django.db import models

from bots.core.risk import RULES
from bots.models.bot import Bot
from bots.models.fields import MoneyField


class BotEvent(models.Model):
    """Written in the transaction of the change it tells of: an outbox for pages, Telegram and e-mail."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=50)
    level = models.CharField(max_length=10, choices=Level, default=Level.INFO)
    text = models.CharField(max_length=500)
    data = models.JSONField(default=dict)
    time = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "bot_events"
        ordering = ["-time", "id"]
        indexes = [
            models.Index(fields=["bot", "-time"]),
            models.Index(fields=["time"], condition=models.Q(kind__in=RULES), name="bot_events_trips"),
            models.Index(
                fields=["bot", "-time"],
                condition=models.Q(level__in=["warning", "error"]),
                name="bot_events_alerts",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class EquitySnapshot(models.Model):
    """A bot's equity at a minute's close. Partitioned by month (see the migration)."""

    pk = models.CompositePrimaryKey("bot_id", "time")
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="equity")
    time = models.DateTimeField()
    equity = MoneyField()
    realized = MoneyField()

    class Meta:
        db_table = "equity_snapshots"
        ordering = ["time"]

    def __str__(self) -> str:
        return f"{self.time}: {self.equity}"
