"""A user's choices: what is told over which channel, and when it should be quiet."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from bots.models import Channel, NoticeSettings
from bots.services.topics import TOPICS, wanted

Choices = dict[str, dict[str, bool]]


class BadChoice(ValueError):
    """`field` is the one to mend, such as choices.fills."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


@dataclass(frozen=True, slots=True)
class Quiet:
    """From one time of the day to another, in the user's zone; over midnight where `until` is the earlier."""

    since: time
    until: time


def settings_of(user: Any) -> NoticeSettings:
    """What the user has chosen; the defaults, unsaved, where he never did."""
    return NoticeSettings.objects.filter(user=user).first() or NoticeSettings(user=user)


def choices_of(user: Any) -> Choices:
    """{topic: {channel: whether it is told}}, all of them."""
    chosen = settings_of(user).choices
    return {topic: {ch.value: wanted(chosen, topic, ch) for ch in Channel} for topic in TOPICS}


@transaction.atomic
def change(*, user: Any, choices: Choices) -> NoticeSettings:
    """Changes what is named; the rest stays. Raises BadChoice."""
    _check(choices)
    row = _locked(user)
    for topic, channels in choices.items():
        row.choices[topic] = row.choices.get(topic, {}) | channels
    row.save(update_fields=["choices"])
    return row


@transaction.atomic
def keep_quiet(*, user: Any, quiet: Quiet | None) -> NoticeSettings:
    """None: never."""
    row = _locked(user)
    row.quiet_from, row.quiet_until = (quiet.since, quiet.until) if quiet else (None, None)
    row.save(update_fields=["quiet_from", "quiet_until"])
    return row


def _locked(user: Any) -> NoticeSettings:
    NoticeSettings.objects.get_or_create(user=user)
    return NoticeSettings.objects.select_for_update().get(user=user)


def _check(choices: Choices) -> None:
    for topic, channels in choices.items():
        if topic not in TOPICS:
            raise BadChoice("choices", f"There is no topic {topic!r}: use one of {', '.join(TOPICS)}.")
        for channel, on in channels.items():
            if channel not in Channel.values or not isinstance(on, bool):
                known = ", ".join(Channel.values)
                raise BadChoice(f"choices.{topic}", f"Give true or false for each of: {known}.")


def quiet_until(row: NoticeSettings, zone: str, now: datetime) -> datetime | None:
    """When the quiet hours that hold at `now` end; None outside of them."""
    since, until = row.quiet_from, row.quiet_until
    if since is None or until is None or since == until:
        return None
    local = now.astimezone(ZoneInfo(zone))
    clock = local.time()
    inside = since <= clock < until if since < until else clock >= since or clock < until
    if not inside:
        return None
    day = local.date() if clock < until else local.date() + timedelta(days=1)
    return datetime.combine(day, until, tzinfo=local.tzinfo)
