"""Halting and resuming trading: for everybody, one exchange, one user. Lifted halts stay as history."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from bots.admin.base import ReadOnly
from bots.models import Bot, Scope, TradingHalt
from bots.models.halt import ACTIVE
from bots.services import halts, lifecycle, operators
from exchanges.selectors import supported_exchanges

LIST = "admin:bots_tradinghalt_changelist"


class HaltForm(forms.ModelForm):
    """A new halt. Which of exchange and user is needed follows from the scope."""

    exchange = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = TradingHalt
        fields = ["scope", "exchange", "user", "action", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(name, name.title()) for name in supported_exchanges()]
        self.fields["exchange"].choices = [("", "---------"), *names]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        scope = data.get("scope")
        if scope == Scope.EXCHANGE and not data.get("exchange"):
            self.add_error("exchange", "Say which exchange.")
        if scope == Scope.USER and not data.get("user"):
            self.add_error("user", "Say which user.")
        data["exchange"] = data.get("exchange", "") if scope == Scope.EXCHANGE else ""
        data["user"] = data.get("user") if scope == Scope.USER else None
        whom = {"scope": scope, "exchange": data["exchange"], "user": data["user"]}
        if not self.errors and TradingHalt.objects.filter(ACTIVE, **whom).exists():
            self.add_error("scope", "Such a halt is in force already: lift it first.")
        return data


@admin.register(TradingHalt)
class TradingHaltAdmin(ReadOnly, ModelAdmin):
    form = HaltForm
    list_display = [
        "whom", "in_force", "what", "reason", "by", "placed_at", "lifted_by", "lifted_at",
    ]  # fmt: skip
    list_filter = ["scope", "action", "automatic", ("lifted_at", admin.EmptyFieldListFilter)]
    search_fields = ["reason", "exchange", "user__email"]
    list_select_related = ["user", "placed_by", "lifted_by"]
    autocomplete_fields = ["user"]
    actions = ["resume"]
    actions_list = ["halt_everybody", "kill_everything"]

    def has_add_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return request.user.has_perm("bots.add_tradinghalt")

    def has_command_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bots.change_tradinghalt")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return HaltForm.Meta.fields
        return [*HaltForm.Meta.fields, "automatic", "placed_by", "placed_at", "lifted_by", "lifted_at"]

    @display(description="In force", boolean=True)
    def in_force(self, halt: TradingHalt) -> bool:
        return halt.lifted_at is None

    @display(description="Action", ordering="action")
    def what(self, halt: TradingHalt) -> str:
        return halt.action

    @display(description="Placed by", ordering="placed_by")
    def by(self, halt: TradingHalt) -> str:
        return "circuit breaker" if halt.automatic else str(halt.placed_by or "")

    def save_model(self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool) -> None:
        data = form.cleaned_data
        placed = operators.halt_trading(
            by=request.user, **{name: data[name] for name in HaltForm.Meta.fields}
        )
        obj.pk, obj._state.adding = placed.pk, False  # what the page goes on with

    @admin.action(description="Resume trading: lift the halt", permissions=["command"])
    def resume(self, request: HttpRequest, queryset: QuerySet[TradingHalt]) -> None:
        lifted = list(queryset.filter(ACTIVE))
        for halt in lifted:
            halts.lift_halt(halt=halt, by=request.user)
        self.message_user(request, f"Halts that were lifted: {len(lifted)}.")

    @action(
        description="Halt all trading",
        permissions=["add"],
        variant=ActionVariant.WARNING,
        url_path="halt-all",
    )
    def halt_everybody(self, request: HttpRequest) -> HttpResponse:
        return redirect(reverse("admin:bots_tradinghalt_add") + "?scope=all&action=pause")

    @action(
        description="Kill switch: all bots",
        permissions=["command"],
        variant=ActionVariant.DANGER,
        url_path="kill-everything",
    )
    def kill_everything(self, request: HttpRequest) -> HttpResponse:
        """Asks first; only a POST that says how does it."""
        how = request.POST.get("confirmed", "")
        if request.method == "POST" and how in lifecycle.KILL_ACTIONS:
            _, killed = operators.kill_everything(action=how, by=request.user)
            words = f"Halted: {len(killed)} bots. Their orders are being cancelled, and none starts until you resume."
            self.message_user(request, words, "warning")
            return redirect(LIST)
        context = {
            **self.admin_site.each_context(request),
            "title": "Kill switch: all bots of the system",
            "opts": self.opts,
            "at_work": lifecycle.at_work(Bot.objects.all()).count(),
            "users": lifecycle.at_work(Bot.objects.all()).values("user").distinct().count(),
            "back": reverse(LIST),
        }
        return TemplateResponse(request, "admin/kill_everything.html", context)
