"""Who uses AutoGrid: the `users` table of the design document and the families of refresh tokens."""

import uuid
import zoneinfo
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.crypto import salted_hmac

from accounts.devices import device


class Plan(models.TextChoices):
    FREE = "free"
    STARTER = "starter"
    PRO = "pro"
    ENTERPRISE = "enterprise"


class LowercaseEmailField(models.EmailField):
    """Stored and looked up in lower case, so that one address is one account however it is typed."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.lower() if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value


def validate_timezone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            "Unknown time zone. Use a name such as Europe/Berlin or UTC.", code="unknown_timezone"
        )


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """Signs in by e-mail; there is no username."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = LowercaseEmailField(
        max_length=255, unique=True, error_messages={"unique": "An account with this e-mail already exists."}
    )
    password = models.CharField(max_length=255, db_column="password_hash")
    plan = models.CharField(max_length=20, choices=Plan, default=Plan.FREE)
    telegram_chat_id = models.BigIntegerField(null=True, blank=True, unique=True)
    name = models.CharField(max_length=100, blank=True, help_text="How pages and mails call them.")
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    # One more ends every session, those too that were never noted (`accounts.browsers`).
    session_generation = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(default=True, help_text="Clear this instead of deleting the account.")
    is_staff = models.BooleanField("operator", default=False, help_text="May enter the admin.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        db_table = "users"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(plan__in=Plan.values), name="users_plan_known"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="users_email_lowercase"),
        ]

    def __str__(self) -> str:
        return str(self.email)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's own, and the generation: a session lives as long as neither it nor the password changes."""
        value = f"{self.password}:{self.session_generation}"
        return salted_hmac("accounts.User.session", value, secret=secret, algorithm="sha256").hexdigest()


class Revocation(models.TextChoices):
    LOGOUT = "logout"
    REUSE = "reuse", "reuse of a spent refresh token"
    PASSWORD = "password", "password change"
    OPERATOR = "operator"


class TokenFamily(models.Model):
    """One sign-in by API: every access and refresh token that descends from it carries its id.

    Only the refresh token of the current generation may be spent; an older one means that two parties
    hold the family, so it ends for both.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="token_families"
    )
    generation = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # When the newest refresh token ends; no token of the family outlives it.
    expires_at = models.DateTimeField()
    # When the password was last given: sensitive actions ask that this be recent.
    confirmed_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_for = models.CharField(max_length=10, choices=Revocation, blank=True)

    class Meta:
        db_table = "token_families"
        ordering = ["-created_at", "id"]
        verbose_name_plural = "token families"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(revoked_for__in=["", *Revocation.values]), name="families_revocation_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at:%Y-%m-%d %H:%M}"


class Browser(models.Model):
    """A session of the pages: where it is, and when it was seen (`accounts.browsers`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browsers")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.GenericIPAddressField()
    user_agent = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField(db_default=Now(), editable=False)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "browsers"
        ordering = ["-seen_at", "id"]

    def __str__(self) -> str:
        return f"{self.device} of {self.user_id}"

    @property
    def device(self) -> str:
        return device(self.user_agent)
