"""Which notices a user wants, over which channels, and the channels he has set up himself."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_cryptography.fields import encrypt

from bots.models.delivery import Channel

OWN_CHANNELS = [(kind.value, kind.label) for kind in (Channel.APPRISE, Channel.WEBHOOK)]


class NoticeSettings(models.Model):
    """A user without a row has the defaults (`bots.services.topics`)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="notice_settings"
    )
    choices = models.JSONField(default=dict)  # {topic: {channel: bool}}: what the user chose himself
    # In the user's time zone; equal or empty: never quiet.
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)

    class Meta:
        db_table = "notice_settings"
        verbose_name_plural = "notice settings"
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="notice_settings_quiet_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"Notices of {self.user_id}"


class NoticeChannel(models.Model):
    """A chat or push service (an Apprise URL), or a program (a webhook). `url` and `secret` are never shown again:
    who holds them may write to the channel, or forge our signature."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_channels"
    )
    kind = models.CharField(max_length=20, choices=OWN_CHANNELS)
    label = models.CharField(max_length=60)
    hint = models.CharField(max_length=120)  # what may be shown of the URL
    url = encrypt(models.CharField(max_length=2000))
    secret = encrypt(models.CharField(max_length=100, blank=True))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "notice_channels"
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _ in OWN_CHANNELS]), name="notice_channels_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.hint})"
