"""API keys, sealed by the vault, and what the exchange says they may do."""

import uuid

from django.conf import settings
from django.db import models

from exchanges.connector.facts import FACTS


class Mode(models.TextChoices):
    LIVE = "live"
    TESTNET = "testnet"
    PAPER = "paper"


def venue_of(exchange: str, mode: str) -> str:
    return f"{exchange}-testnet" if mode == Mode.TESTNET else exchange


class PermissionState(models.TextChoices):
    VERIFIED_SAFE = "verified_safe"
    VERIFIED_UNSAFE = "verified_unsafe"
    UNVERIFIABLE = "unverifiable"
    ERROR = "error"


class Credential(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="credentials")
    exchange = models.CharField(max_length=50)
    label = models.CharField(max_length=100)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.LIVE)
    api_key_encrypted = models.BinaryField()
    api_secret_encrypted = models.BinaryField()
    api_passphrase_encrypted = models.BinaryField(null=True, blank=True)  # where the exchange wants one
    api_key_hint = models.CharField(max_length=12, blank=True)
    # The exchange's own id of the account: several keys may open the same one, and fills are unique in it.
    account_uid = models.CharField(max_length=100, blank=True)
    is_valid = models.BooleanField(default=False)
    permission_state = models.CharField(
        max_length=20, choices=PermissionState, default=PermissionState.UNVERIFIABLE
    )
    permission_detail = models.CharField(max_length=300, blank=True)  # for the user: why it is so
    # When the owner said that the key cannot withdraw, of an exchange that does not tell.
    attested_at = models.DateTimeField(null=True, blank=True)
    ip_restricted = models.BooleanField(null=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "exchange_credentials"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name="credentials_mode_known"),
            models.CheckConstraint(
                condition=models.Q(permission_state__in=PermissionState.values),
                name="credentials_permission_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.exchange})"

    @property
    def venue(self) -> str:
        """Where its orders and prices are: a testnet has markets and prices of its own."""
        return venue_of(self.exchange, self.mode)

    @property
    def exchange_name(self) -> str:
        return FACTS[self.venue].name if self.venue in FACTS else self.exchange
