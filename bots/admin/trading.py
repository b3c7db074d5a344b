"""Operators' view of trading: everything to see, nothing to edit; the kill switch for any choice of bots."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin, TabularInline

from bots import selectors
from bots.admin.base import ReadOnly
from bots.models import Bot, BotEvent, BotSlot, BotStatus, Fill, Order, Worker
from bots.services import lifecycle
from bots.services.errors import IllegalMove


class SlotInline(ReadOnly, TabularInline):
    model = BotSlot
    fields = ["slot", "cycle", "granted", "bought", "spent", "sold", "received", "cycles", "profit", "reason"]
    ordering = ["slot"]
    extra = 0


@admin.register(Bot)
class BotAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "name", "user", "strategy", "symbol", "exchange", "status", "stopping", "halted", "realized_pnl",
        "open_orders", "trades", "lease_owner", "created_at",
    ]  # fmt: skip
    list_filter = ["status", "halted", "stopping", "strategy", "credential__exchange", "credential__mode"]
    search_fields = ["name", "symbol", "user__email", "id"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        "id", "user", "credential", "name", "strategy", "symbol", "config", "status", "stopping", "halted",
        "status_reason", "total_investment", "equity", "realized_pnl", "unrealized_pnl", "cash", "base", "cost",
        "fees", "trades", "open_orders", "run", "memory", "created_at", "started_at", "lease_owner", "lease_token",
    ]  # fmt: skip
    readonly_fields = ["equity", "unrealized_pnl", "open_orders"]
    inlines = [SlotInline]
    actions = ["halt", "lift_the_halt"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bot]:
        return selectors.all_bots().select_related("user", "lease_owner")

    @admin.display(ordering="credential__exchange")
    def exchange(self, bot: Bot) -> str:
        return bot.credential.exchange

    @admin.display(ordering="live_orders")
    def open_orders(self, bot: Any) -> int:
        count: int = bot.live_orders
        return count

    def equity(self, bot: Bot) -> Decimal:
        worth: Decimal = selectors.bot_view(bot)["equity"]
        return worth

    def unrealized_pnl(self, bot: Bot) -> Decimal:
        profit: Decimal = selectors.bot_view(bot)["unrealized_pnl"]
        return profit

    def has_command_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bots.change_bot")

    @admin.action(description="Halt: the kill switch", permissions=["command"])
    def halt(self, request: HttpRequest, queryset: QuerySet[Bot]) -> HttpResponse | None:
        """Asks first. With "select all" and no filter it halts all trading of the system."""
        how = request.POST.get("confirmed")
        if how not in lifecycle.KILL_ACTIONS:
            return self._ask(request, queryset)
        killed = lifecycle.kill_bots(bots=queryset, action=how)
        self.message_user(request, f"Halted: {len(killed)}. Their orders are being cancelled.")
        return None

    def _ask(self, request: HttpRequest, queryset: QuerySet[Bot]) -> HttpResponse:
        at_rest = queryset.filter(status=BotStatus.STOPPED, stopping=False).count()
        context = {
            **self.admin_site.each_context(request),
            "title": "Halt trading",
            "opts": self.opts,
            "at_rest": at_rest,
            "at_work": queryset.count() - at_rest,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/halt_bots.html", context)

    @admin.action(description="Lift the halt", permissions=["command"])
    def lift_the_halt(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        lifted = 0
        for bot in queryset.filter(halted=True):
            try:
                lifecycle.reset_bot(bot=bot)
            except IllegalMove as refused:
                self.message_user(request, f"{bot}: {refused.detail}", "warning")
            else:
                lifted += 1
        self.message_user(request, f"Bots that may be started again: {lifted}.")


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "client_order_id", "bot", "slot", "cycle", "side", "type", "price", "quantity", "filled_quantity", "status",
        "reason", "created_at",
    ]  # fmt: skip
    list_filter = ["status", "side", "type"]
    search_fields = ["client_order_id", "exchange_order_id", "bot__name", "bot__user__email"]
    list_select_related = ["bot"]
    show_full_result_count = False


@admin.register(Fill)
class FillAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "time",
        "bot",
        "symbol",
        "side",
        "price",
        "quantity",
        "fee",
        "fee_asset",
        "liquidity",
        "trade_id",
    ]
    list_filter = ["side", "liquidity", "fee_asset"]
    search_fields = ["trade_id", "order__client_order_id", "bot__name", "bot__user__email"]
    list_select_related = ["bot"]
    show_full_result_count = False


@admin.register(BotEvent)
class BotEventAdmin(ReadOnly, ModelAdmin):
    list_display = ["time", "bot", "level", "kind", "text"]
    list_filter = ["level", "kind"]
    search_fields = ["text", "kind", "bot__name", "bot__user__email"]
    list_select_related = ["bot"]
    show_full_result_count = False


@admin.register(Worker)
class WorkerAdmin(ReadOnly, ModelAdmin):
    list_display = ["name", "started_at", "heartbeat_at", "closing", "bots_held"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        return selectors.workers()

    @admin.display(ordering="held")
    def bots_held(self, worker: Any) -> int:
        held: int = worker.held
        return held
