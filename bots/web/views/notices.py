"""Notices: what the user is told of, when it is quiet, and the channels he sets up himself."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.services import update_profile
from bots.models import Channel, NoticeChannel
from bots.services import own_channels
from bots.services.notice_settings import change, choices_of, keep_quiet, settings_of
from bots.services.topics import TOPICS
from bots.web.notice_forms import ChannelForm, QuietForm, box, chosen
from bots.web.requests import user_of


@require_GET
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    change(user=user_of(request), choices=chosen(request.POST))
    messages.success(request, "Saved what you are told of.")
    return redirect("web:notices")


@require_POST
@login_required
def quiet(request: HttpRequest) -> HttpResponse:
    user, form = user_of(request), QuietForm(request.POST)
    if not form.is_valid():
        return _page(request, quiet_form=form, status=422)
    update_profile(user=user, timezone=form.cleaned_data["timezone"])
    keep_quiet(user=user, quiet=form.quiet())
    messages.success(request, "Saved your hours.")
    return redirect("web:notices")


@sensitive_post_parameters("url", "confirmation")
@require_POST
@never_cache
@login_required
def add(request: HttpRequest) -> HttpResponse:
    form = ChannelForm(request.POST)
    form.ask(request)
    if form.is_valid() and form.is_confirmed(request):
        try:
            channel = own_channels.add_channel(user=user_of(request), **form.cleaned_data)
        except own_channels.ChannelRejected as refused:
            form.add_error(refused.field, refused.detail)
        else:
            if channel.secret:  # shown in the answer itself, and nowhere else
                return _page(request, new=channel, status=201)
            messages.success(request, f"{channel.label} was added. Send a test to see that it works.")
            return redirect("web:notices")
    return _page(request, channel_form=form, status=422)


@require_POST
@login_required
def test(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    channel = own_channels.access_channel(user=user_of(request), channel_id=channel_id)
    own_channels.send_test(channel=channel)
    messages.success(request, f"A test is on its way to {channel.label}.")
    return redirect("web:notices")


@require_POST
@login_required
def remove(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    channel = own_channels.access_channel(user=user_of(request), channel_id=channel_id)
    own_channels.remove_channel(channel=channel)
    messages.success(request, f"{channel.label} was removed.")
    return redirect("web:notices")


def _page(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    user = user_of(request)
    row = settings_of(user)
    own = list(user.notice_channels.all())
    if "channel_form" not in forms:
        forms["channel_form"] = ChannelForm()
        forms["channel_form"].ask(request)
    hours = {"timezone": user.timezone, "since": row.quiet_from, "until": row.quiet_until}
    columns, last = _columns(user, own), own_channels.last_deliveries(own)
    context = {
        "nav": "account",
        "columns": columns,
        "rows": _rows(user, columns),
        "own": [(channel, last.get(str(channel.pk))) for channel in own],
        "quiet_form": QuietForm(initial=hours),
    }
    return render(request, "web/notices.html", context | forms, status=status)


def _columns(user: User, own: list[NoticeChannel]) -> list[Channel]:
    """The channels that this user has."""
    kinds = {channel.kind for channel in own}
    if user.telegram_chat_id is not None:
        kinds.add(Channel.TELEGRAM)
    return [channel for channel in Channel if channel == Channel.EMAIL or channel in kinds]


def _rows(user: User, columns: list[Channel]) -> list[dict[str, Any]]:
    choices = choices_of(user)
    return [
        {
            "topic": topic,
            "boxes": [(box(name, ch.value), ch.label, choices[name][ch.value]) for ch in columns],
            # What a channel that is not there yet would be told stays as it was chosen.
            "kept": [box(name, ch.value) for ch in Channel if ch not in columns and choices[name][ch.value]],
        }
        for name, topic in TOPICS.items()
    ]
