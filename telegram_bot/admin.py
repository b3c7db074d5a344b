"""Operators' view: the audit trail of refusals. Codes and questions are nobody's to look at."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from bots.admin.base import ReadOnly
from telegram_bot.models import Refusal


@admin.register(Refusal)
class RefusalAdmin(ReadOnly, ModelAdmin):
    list_display = ["time", "kind", "chat_id", "user", "detail"]
    list_filter = ["kind"]
    search_fields = ["user__email", "chat_id", "detail"]
    list_select_related = ["user"]
    show_full_result_count = False
