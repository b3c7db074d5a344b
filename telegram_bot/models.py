"""What the chat remembers. Who is linked with which chat stands in `users.telegram_chat_id` alone."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from bots.models import Backtest


class LinkCode(models.Model):
    """The one code of a user that may link a chat now. Only its hash is kept: who reads the table links nothing."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="link_code"
    )
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "telegram_link_codes"

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d %H:%M}"


class Question(models.Model):
    """Something that spends or stops money, asked of one user. `choices` are [label, action, arguments]; the first
    press of any of them uses it up."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="telegram_questions"
    )
    text = models.TextField()
    choices = models.JSONField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "telegram_questions"
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return self.text[:80]


class Talk(models.Model):
    """Where a user is in the conversation of /new. It lies here, so that a restart of the service goes on with it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="telegram_talk"
    )
    step = models.CharField(max_length=20)
    path = models.JSONField(default=list)  # the steps before this one
    data = models.JSONField(default=dict)  # what was answered so far
    token = models.UUIDField(default=uuid.uuid4)  # another one at every move
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "telegram_talks"

    def __str__(self) -> str:
        return self.step


class AwaitedBacktest(models.Model):
    """A backtest whose picture goes into its user's chat when it is done."""

    backtest = models.OneToOneField(
        Backtest, on_delete=models.CASCADE, primary_key=True, related_name="awaited_in_chat"
    )
    title = models.CharField(max_length=150)

    class Meta:
        db_table = "telegram_awaited_backtests"

    def __str__(self) -> str:
        return self.title


class LiveStatus(models.Model):
    """A message of a chat that follows the bots by itself, one for a user."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="live_status"
    )
    message_id = models.BigIntegerField()
    until = models.DateTimeField()
    digest = models.CharField(max_length=64, blank=True)  # of what it shows

    class Meta:
        db_table = "telegram_live_statuses"

    def __str__(self) -> str:
        return f"until {self.until:%H:%M}"


class Refusal(models.Model):
    """The audit trail: what was tried in a chat, or at the webhook, and refused."""

    class Kind(models.TextChoices):
        WRONG_CODE = "wrong_code", "a link code that is not valid"
        FOREIGN_BUTTON = "foreign_button", "another user's button"
        USED_BUTTON = "used_button", "a button that was pressed before"
        LATE_BUTTON = "late_button", "a button that is too old"
        REPLAYED_UPDATE = "replayed_update", "an update that came before"
        FORGED_SECRET = "forged_secret", "a webhook call with a wrong secret"

    kind = models.CharField(max_length=20, choices=Kind)
    chat_id = models.BigIntegerField(null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="telegram_refusals",
    )
    detail = models.CharField(max_length=200, blank=True)
    time = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "telegram_refusals"
        ordering = ["-time", "-id"]
        indexes = [models.Index(fields=["-time"], name="telegram_refusals_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "wrong_code", "foreign_button", "used_button", "late_button", "replayed_update",
                        "forged_secret",
                    ]
                ),
                name="telegram_refusals_kind_known",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.get_kind_display()
