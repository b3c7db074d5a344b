"""Operators' view of accounts. Password hashes and tokens are never shown."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, AuthenticationForm, UserChangeForm, UserCreationForm

from accounts import second_factor, tokens
from accounts.models import Revocation, TokenFamily, User

# Registered by their own apps in Django's plain style.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
# Its page would show what codes are made of, if only sealed.
admin.site.unregister(Authenticator)


class SignInForm(AuthenticationForm):
    """The admin's own sign-in page asks for no code."""

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        super().confirm_login_allowed(user)
        if isinstance(user, User) and second_factor.is_on(user):
            raise ValidationError(
                "Your account has a second factor: sign in at /accounts/login/ and come back.",
                code="second_factor",
            )


admin.site.login_form = SignInForm


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ["email"]


class EditUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "plan", "is_active", "is_staff", "has_second_factor", "last_login", "created_at"]
    list_filter = ["plan", "is_active", "is_staff"]
    search_fields = ["email", "id"]
    ordering = ["-created_at"]
    readonly_fields = ["id", "last_login", "created_at"]
    actions = ["sign_out_of_the_api", "remove_second_factor"]
    fieldsets = [
        (None, {"fields": ["id", "email", "password", "plan", "timezone", "telegram_chat_id"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "usable_password", "password1", "password2"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        held = Authenticator.objects.filter(user=OuterRef("pk"), type=second_factor.TOTP)
        return super().get_queryset(request).annotate(second_factor=Exists(held))

    @admin.display(description="second factor", boolean=True, ordering="second_factor")
    def has_second_factor(self, user: User) -> bool:
        return bool(getattr(user, "second_factor", False))

    @admin.action(
        description="Remove the second factor (for who has lost app and recovery codes)",
        permissions=["change"],
    )
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        removed = [user for user in queryset if second_factor.remove(user=user)]
        for user in removed:
            self.log_change(request, user, "Removed the second factor.")
        self.message_user(request, f"The second factor of {len(removed)} accounts is removed.")

    @admin.action(description="Revoke all API tokens", permissions=["change"])
    def sign_out_of_the_api(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            tokens.revoke_all(user=user, reason=Revocation.OPERATOR)
        self.message_user(request, f"Tokens of {len(queryset)} accounts are revoked.")


class ReadOnlyAdmin(ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(TokenFamily)
class TokenFamilyAdmin(ReadOnlyAdmin):
    list_display = ["user", "created_at", "expires_at", "generation", "revoked_at", "revoked_for"]
    list_filter = ["revoked_for"]
    search_fields = ["user__email"]
    list_select_related = ["user"]


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    """Failed sign-ins; deleting one unlocks its pair of e-mail and address."""

    list_display = ["username", "ip_address", "failures_since_start", "attempt_time", "path_info"]
    search_fields = ["username", "ip_address"]
    fields = ["username", "ip_address", "user_agent", "path_info", "failures_since_start", "attempt_time"]


@admin.register(EmailAddress)
class EmailAddressAdmin(ModelAdmin):
    list_display = ["email", "user", "primary", "verified"]
    list_filter = ["primary", "verified"]
    search_fields = ["email"]
    autocomplete_fields = ["user"]


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass
