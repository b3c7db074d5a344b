"""What all bots bought and sold, filtered, a page at a time, and as files."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db.models import Min
from django.forms.utils import flatatt
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from accounts.models import User
from bots import newest
from bots.core.types import Side
from bots.web.requests import user_of, uuid_of

ROWS = 50
SIDES = [("", "Buys and sells"), *((side.value, side.value.title() + "s") for side in Side)]


class PlainSelect(forms.Select):
    """Options by one format each: Django renders a template for every one, and there may be a thousand."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        built = flatatt(self.build_attrs({**self.attrs, "name": name}, attrs))
        options = ((key, " selected" if key == value else "", label) for key, label in self.choices)
        return format_html(
            "<select{}>{}</select>",
            built,
            format_html_join("", '<option value="{}"{}>{}</option>', options),
        )


class HistoryForm(forms.Form):
    bot_id = forms.ChoiceField(label="Bot", required=False, widget=PlainSelect)
    side = forms.ChoiceField(label="Side", required=False, choices=SIDES)
    start_date = forms.DateField(label="From", required=False, widget=forms.DateInput({"type": "date"}))
    end_date = forms.DateField(label="To", required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, data: Any, user: User) -> None:
        super().__init__(data)
        self.bots = {str(pk): name for pk, name in user.bots.order_by("name").values_list("pk", "name")}
        chosen = cast(forms.ChoiceField, self.fields["bot_id"])
        chosen.choices = [("", "All bots"), *self.bots.items()]

    def bot_ids(self) -> list[UUID]:
        chosen = self.cleaned_data["bot_id"]
        return [UUID(chosen)] if chosen else [UUID(pk) for pk in self.bots]

    def wanted(self, after: tuple[datetime, UUID] | None) -> newest.Wanted:
        data = self.cleaned_data
        start = _midnight(data["start_date"]) if data["start_date"] else None
        end = _midnight(data["end_date"] + timedelta(days=1)) if data["end_date"] else None
        return newest.Wanted(data["side"], start, end, after)

    def query(self) -> str:
        return urlencode({name: value for name, value in self.cleaned_data.items() if value})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@require_GET
@login_required
def history(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = HistoryForm(request.GET, user)
    context: dict[str, Any] = {"nav": "history", "form": form, "fills": []}
    if form.is_valid():
        fills = newest.fills(form.bot_ids(), ROWS + 1, form.wanted(_after(request.GET.get("after", ""))))
        more = f"{fills[ROWS - 1].time.isoformat()}_{fills[ROWS - 1].pk}" if len(fills) > ROWS else ""
        context |= {"fills": fills[:ROWS], "query": form.query(), "more": urlencode({"after": more})}
        context["has_more"], context["filtered"] = bool(more), bool(form.query())
    context["years"] = _years(user)
    return render(request, "web/history.html", context, status=422 if form.errors else 200)


def _after(text: str) -> tuple[datetime, UUID] | None:
    """Where the page before ended. Raises Http404 for what no page of ours says."""
    if not text:
        return None
    moment, _, number = text.partition("_")
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        raise Http404 from None
    return when.replace(tzinfo=when.tzinfo or UTC), uuid_of(number)


def _years(user: User) -> list[int]:
    """Those in which the user's bots have been, the newest first."""
    first = user.bots.aggregate(first=Min("created_at"))["first"]
    return list(range(datetime.now(UTC).year, first.year - 1, -1)) if first else []
