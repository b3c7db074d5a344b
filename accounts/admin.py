"""Operators' view of accounts. Password hashes and tokens are never shown."""

from allauth.account.models import EmailAddress
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import tokens
from accounts.models import Revocation, TokenFamily, User

# Registered by their own apps in Django's plain style.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


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
    list_display = ["email", "plan", "is_active", "is_staff", "last_login", "created_at"]
    list_filter = ["plan", "is_active", "is_staff"]
    search_fields = ["email", "id"]
    ordering = ["-created_at"]
    readonly_fields = ["id", "last_login", "created_at"]
    actions = ["sign_out_of_the_api"]
    fieldsets = [
        (None, {"fields": ["id", "email", "password", "plan", "timezone", "telegram_chat_id"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "usable_password", "password1", "password2"]})]

    @admin.action(description="Revoke all API tokens")
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
