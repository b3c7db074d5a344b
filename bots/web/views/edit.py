"""Changing a bot: its name at any time, its settings while it is stopped."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bots import selectors
from bots.core.ports import ExchangeError
from bots.models import Bot, BotStatus
from bots.services import lifecycle
from bots.services.errors import IllegalMove, InvalidConfig
from bots.web.forms import EditForm
from bots.web.requests import user_of


@require_http_methods(["GET", "POST"])
@login_required
def edit(request: HttpRequest, bot_id: UUID) -> HttpResponse:
    bot = selectors.access_bot(user=user_of(request), bot_id=bot_id)
    whole = bot.status == BotStatus.STOPPED and not bot.stopping
    form = EditForm(request.POST or None, bot, whole=whole)
    if request.method == "POST" and form.is_valid() and _changed(bot, form):
        messages.success(request, "Saved.")
        return redirect("web:bot", bot.pk)
    context = {"nav": "bots", "bot": bot, "form": form, "whole": whole}
    return render(request, "web/edit.html", context, status=422 if form.errors else 200)


def _changed(bot: Bot, form: EditForm) -> bool:
    """False where it was refused: the form says why."""
    try:
        lifecycle.update_bot(bot=bot, name=form.cleaned_data["name"], config=form.new_config())
    except InvalidConfig as refused:
        form.add_service_errors(refused.errors)
    except (IllegalMove, ExchangeError) as refused:
        form.add_error(None, refused.detail)
    return not form.errors
