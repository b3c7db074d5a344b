"""What the credential endpoints take and give. Secrets go in and never come out."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.api.fields import DecimalField, StrictSerializer
from exchanges.models import Credential, Mode

_KEYS = ("api_key", "api_secret")


class NewCredentialSerializer(StrictSerializer):
    exchange = serializers.CharField(max_length=50)
    label = serializers.CharField(max_length=100)  # type: ignore[assignment]  # DRF has one, too
    api_key = serializers.CharField(max_length=256, write_only=True, required=False)
    api_secret = serializers.CharField(max_length=4096, write_only=True, required=False)
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
    paper_balance = DecimalField(write_only=True, required=False, help_text="USDT, for mode paper")

    def get_fields(self) -> dict[str, Any]:
        """A paper account takes no key, everything else needs one."""
        fields = super().get_fields()
        data = getattr(self, "initial_data", None)
        if isinstance(data, Mapping) and data.get("mode") != Mode.PAPER:
            fields["api_key"].required = fields["api_secret"].required = True
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["mode"] == Mode.PAPER:
            wrong = {name: "A paper account has no key." for name in _KEYS if name in attrs}
        else:
            others = ("paper_balance",) if "paper_balance" in attrs else ()
            wrong = dict.fromkeys(others, "Only a paper account begins with a balance.")
        if wrong:
            raise serializers.ValidationError(wrong, "invalid")
        return attrs


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
