"""What the credential endpoints take and give. Secrets go in and never come out."""

from rest_framework import serializers

from accounts.api.fields import StrictSerializer
from exchanges.models import Credential, Mode


class NewCredentialSerializer(StrictSerializer):
    exchange = serializers.CharField(max_length=50)
    label = serializers.CharField(max_length=100)  # type: ignore[assignment]  # DRF has one, too
    api_key = serializers.CharField(max_length=256, write_only=True)
    api_secret = serializers.CharField(max_length=4096, write_only=True)
    mode = serializers.ChoiceField(Mode.choices, default=Mode.LIVE)
    api_passphrase = serializers.CharField(
        max_length=256,
        default="",
        allow_blank=True,
        write_only=True,
        help_text="Of exchanges whose keys have one.",
    )
    attest_no_withdrawal = serializers.BooleanField(
        default=False,
        write_only=True,
        help_text="Your word that the key cannot withdraw or transfer funds, for exchanges that do not tell.",
    )


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    class Meta:
        model = Credential
        fields = [
            "id",
            "exchange",
            "label",
            "mode",
            "api_key_hint",
            "is_valid",
            "permission_state",
            "permission_detail",
            "ip_restricted",
            "checked_at",
            "created_at",
        ]
        read_only_fields = fields
