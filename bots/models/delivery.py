"""The outbox: what has to be told to whom, over which channel, and whether that was done."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from bots.models.history import BotEvent


class Channel(models.TextChoices):
    """`recipient` is an address, a chat's id, or the id of a NoticeChannel."""

    EMAIL = "email", "E-mail"
    TELEGRAM = "telegram"
    APPRISE = "apprise", "Chat and push services"
    WEBHOOK = "webhook"


class DeliveryState(models.TextChoices):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class Priority(models.IntegerChoices):
    """The smaller goes first."""

    URGENT = 0
    USUAL = 5
    LOW = 8


class Delivery(models.Model):
    """One message to one recipient, written in the transaction of what it tells of. `data` holds all that its text
    needs, so that it can be sent when the bot is gone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200, unique=True)  # the same notice to the same recipient: one row
    channel = models.CharField(max_length=20, choices=Channel)
    recipient = models.CharField(max_length=320)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    event = models.ForeignKey(
        BotEvent, on_delete=models.SET_NULL, null=True, blank=True, related_name="deliveries"
    )
    kind = models.CharField(max_length=50)
    data = models.JSONField(default=dict)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.USUAL)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)  # of the last try: messages that went as one share it
    holder = models.BigIntegerField(null=True, blank=True)  # the advisory lock of who has it in hand
    next_try_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "deliveries"
        verbose_name_plural = "deliveries"
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(
                fields=["channel", "priority", "created_at", "next_try_at"],
                condition=Q(state=DeliveryState.PENDING),
                name="deliveries_in_turn",
            ),
            models.Index(
                fields=["recipient"], condition=Q(state=DeliveryState.PENDING), name="deliveries_to_come"
            ),
            models.Index(fields=["-created_at"], name="deliveries_newest"),
            models.Index(
                fields=["recipient", "sent_at"],
                condition=Q(kind="fill"),
                name="deliveries_fills",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="deliveries_channel_known"),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="deliveries_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"
