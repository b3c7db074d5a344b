"""Operators' view of credentials. Neither the keys nor what they are sealed into is shown."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from exchanges import services
from exchanges.models import Credential


@admin.register(Credential)
class CredentialAdmin(ModelAdmin):
    list_display = [
        "label", "exchange", "mode", "user", "api_key_hint", "is_valid", "permission_state", "checked_at",
    ]  # fmt: skip
    list_filter = ["exchange", "mode", "is_valid", "permission_state"]
    search_fields = ["label", "user__email", "account_uid", "id"]
    list_select_related = ["user"]
    fields = [
        "id", "user", "exchange", "label", "mode", "api_key_hint", "account_uid", "is_valid",
        "permission_state", "ip_restricted", "checked_at", "created_at",
    ]  # fmt: skip
    actions = ["revalidate"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    @admin.action(description="Check at the exchange again", permissions=["view"])
    def revalidate(self, request: HttpRequest, queryset: QuerySet[Credential]) -> None:
        for credential in queryset:
            try:
                services.validate_credential(credential=credential)
            except services.CredentialRejected as error:
                self.message_user(request, f"{credential}: {error.detail}", messages.ERROR)
                return
        self.message_user(request, f"{len(queryset)} keys were checked.")
