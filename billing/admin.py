"""Operators' view of subscriptions, grants and webhooks."""

from typing import Any, cast

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action

from accounts.admin import ReadOnlyAdmin
from accounts.models import User
from billing import grants, revenue_page, webhooks
from billing.models import CryptoOrder, Grant, Standing, StripeEvent

# dj-stripe's own pages show our secret key.
for model in apps.get_app_config("djstripe").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Standing)
class StandingAdmin(ReadOnlyAdmin):
    list_display = [
        "user",
        "plan",
        "status",
        "interval",
        "amount",
        "paid_until",
        "grace_until",
        "ends_at_period",
    ]
    list_filter = ["plan", "status", "interval"]
    search_fields = ["user__email", "customer", "subscription"]
    list_select_related = ["user"]
    actions_list = ["revenue"]

    def has_command_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @action(description="Revenue", permissions=["command"], url_path="revenue")
    def revenue(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **revenue_page.context(),
            "title": "Revenue",
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/revenue.html", context)

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(Grant)
class GrantAdmin(ModelAdmin):
    list_display = ["user", "plan", "until", "reason", "granted_by", "created_at"]
    search_fields = ["user__email", "reason"]
    autocomplete_fields = ["user"]
    fields = ["user", "plan", "until", "reason"]

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        grants.give(grant=obj, by=cast(User, request.user))

    def delete_model(self, request: HttpRequest, obj: Grant) -> None:
        grants.take(grants=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        grants.take(grants=list(queryset))


@admin.register(CryptoOrder)
class CryptoOrderAdmin(ReadOnlyAdmin):
    """What was sent too much is to be sent back at NOWPayments by hand."""

    list_display = ["created_at", "user", "plan", "months", "asked", "came", "status", "starts", "until"]
    list_filter = ["status", "plan"]
    search_fields = ["user__email", "invoice", "payments__id"]
    list_select_related = ["user"]

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    list_display = [
        "received_at",
        "type",
        "id",
        "customer",
        "processed_at",
        "attempts",
        "next_try_at",
        "error",
    ]
    list_filter = ["type", ("processed_at", admin.EmptyFieldListFilter)]
    search_fields = ["id", "customer"]
    actions = ["replay"]

    def has_command_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_stripeevent")

    @admin.action(description="Work off once more", permissions=["command"])
    def replay(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        self.message_user(request, f"Events that are worked off once more: {webhooks.replay(queryset)}.")
