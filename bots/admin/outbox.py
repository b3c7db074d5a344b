"""What users and operators were told by mail, and what could not be."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from bots.admin.base import ReadOnly
from bots.models import Delivery
from bots.services import deliveries


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "created_at", "kind", "channel", "recipient", "state", "attempts", "next_try_at", "sent_at", "error",
    ]  # fmt: skip
    list_filter = ["state", "channel", "kind"]
    search_fields = ["recipient", "kind", "error"]
    show_full_result_count = False
    actions = ["send_again"]

    def has_command_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bots.change_delivery")

    @admin.action(description="Try those that failed once more", permissions=["command"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self.message_user(request, f"Messages that are tried again: {deliveries.send_again(queryset)}.")
