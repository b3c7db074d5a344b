"""What the account endpoints take and give."""

from datetime import datetime

from rest_framework import serializers

from accounts import second_factor
from accounts.api.fields import StrictSerializer
from accounts.models import User, validate_timezone
from accounts.tokens import TokenPair


class CredentialsSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    # Long phrases are welcome; the bound only keeps the hashing of nonsense cheap.
    password = serializers.CharField(trim_whitespace=False, max_length=4096, write_only=True)


class LoginSerializer(CredentialsSerializer):
    otp = serializers.CharField(
        max_length=32,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="Where the account has a second factor: a code of its app, or a recovery code. Each opens once.",
    )


class TokensSerializer(serializers.Serializer[TokenPair]):
    user_id = serializers.UUIDField()
    access_token = serializers.CharField(source="access")
    refresh_token = serializers.CharField(source="refresh")


class RefreshSerializer(StrictSerializer):
    refresh_token = serializers.CharField(max_length=4096)


class LogoutSerializer(StrictSerializer):
    refresh_token = serializers.CharField(max_length=4096, required=False)


class ConfirmSerializer(StrictSerializer):
    password = serializers.CharField(
        trim_whitespace=False, max_length=4096, required=False, allow_blank=True, write_only=True
    )
    otp = serializers.CharField(
        max_length=32,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="In place of the password where the account has a second factor.",
    )


class ConfirmedSerializer(serializers.Serializer[dict[str, datetime]]):
    confirmed_until = serializers.DateTimeField()


class MeSerializer(serializers.ModelSerializer[User]):
    telegram_linked = serializers.SerializerMethodField()
    second_factor = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "name", "plan", "timezone", "telegram_linked", "second_factor", "created_at"]
        read_only_fields = fields

    def get_telegram_linked(self, user: User) -> bool:
        return user.telegram_chat_id is not None

    def get_second_factor(self, user: User) -> bool:
        return second_factor.is_on(user)


class ProfileSerializer(StrictSerializer):
    name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    email = serializers.EmailField(
        max_length=254,
        required=False,
        help_text="A link is sent there; it stays as it was until that is opened. Asks for `POST /auth/confirm`.",
    )
    timezone = serializers.CharField(max_length=64, required=False, validators=[validate_timezone])
