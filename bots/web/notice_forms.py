"""Forms of the page of notices."""

import zoneinfo
from typing import Any

from django import forms

from accounts.confirming import ConfirmingForm
from bots.models import Channel
from bots.models.notice import OWN_CHANNELS
from bots.services.notice_settings import Choices, Quiet
from bots.services.topics import TOPICS

ZONES = sorted(zoneinfo.available_timezones())


def box(topic: str, channel: str) -> str:
    """The name of the box of a topic and a channel."""
    return f"{topic}.{channel}"


def chosen(sent: Any) -> Choices:
    """Every box of the page: one that is not sent is off."""
    return {topic: {ch.value: box(topic, ch.value) in sent for ch in Channel} for topic in TOPICS}


class QuietForm(forms.Form):
    timezone = forms.ChoiceField(label="Your time zone", choices=[(zone, zone) for zone in ZONES])
    since = forms.TimeField(
        label="Quiet from", required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    until = forms.TimeField(
        label="until", required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for empty, other in (("since", "until"), ("until", "since")):
            if not data.get(empty) and data.get(other):
                self.add_error(empty, "Give both times, or none.")
        return data

    def quiet(self) -> Quiet | None:
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return Quiet(since, until) if since and until else None


class ChannelForm(ConfirmingForm):
    kind = forms.ChoiceField(label="Kind", choices=OWN_CHANNELS)
    label = forms.CharField(label="Name", max_length=60, required=False)
    url = forms.CharField(
        label="Address",
        max_length=2000,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="An Apprise URL such as <code>discord://…</code>, <code>slack://…</code>, <code>ntfys://…</code> or"
        " <code>gotifys://…</code>; for a webhook the web address of your program.",
    )
