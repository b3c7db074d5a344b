"""Buttons that act: each question works once, for a minute, for the user it was put to."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone

from accounts.models import User
from bots.core.ports import ExchangeError
from bots.services.errors import IllegalMove, InvalidConfig
from telegram_bot.audit import refused
from telegram_bot.models import Question, Refusal
from telegram_bot.talking import Answer, Button, Reply, Rows, say, toast
from telegram_bot.words import escape

SECONDS = 60
PREFIX = "q"
NO = "no"
Act = Callable[..., str]
ACTS: dict[str, Act] = {}


def acts(name: str) -> Callable[[Act], Act]:
    """Registers what is done on a yes: `act(user=, **arguments)` answers the text that replaces the question."""

    def register(act: Act) -> Act:
        ACTS[name] = act
        return act

    return register


def question(
    *,
    user: User,
    text: str,
    choices: list[tuple[str, str, dict[str, Any]]],
    no: str = "No, leave it",
    further: Rows | None = None,
    edits: bool = False,
) -> Answer:
    """Asks (`text` is HTML). A choice is (label, name of the act, arguments). `further` buttons are none of it."""
    put = Question.objects.create(
        user=user, text=text, choices=choices, expires_at=timezone.now() + timedelta(seconds=SECONDS)
    )
    rows = [[Button(label, f"{PREFIX}:{put.pk.hex}:{i}")] for i, (label, _, _) in enumerate(choices)]
    rows += [[Button(no, f"{PREFIX}:{put.pk.hex}:{NO}")]] if no else []
    told = f"{text}\n\nThe buttons work once, for {SECONDS} seconds."
    return say(told, [*rows, *(further or [])], edits=edits)


def pressed(*, user: User, chat_id: int, data: str) -> Answer:
    """`data` is what `question` put on the button."""
    number, _, choice = data.partition(":")
    found = _find(number)
    if found is None or found.user_id != user.pk:
        refused(Refusal.Kind.FOREIGN_BUTTON, chat_id=chat_id, user=user, detail=data[:60])
        return toast("This button is not yours.")
    if not _take(found):
        return _too_late(found, chat_id)
    if choice == NO or not choice.isdecimal() or int(choice) >= len(found.choices):
        return Answer([Reply(f"{found.text}\n\nNothing was done.", edits=True)], "Nothing was done.")
    _, name, arguments = found.choices[int(choice)]
    return Answer([Reply(_done(found, name, arguments), edits=True)])


def _find(number: str) -> Question | None:
    try:
        return Question.objects.select_related("user").filter(pk=UUID(number)).first()
    except ValueError:
        return None


def _take(found: Question) -> bool:
    """Of two presses at once one gets it. It is used up before it acts: whatever dies in between, nothing is done
    twice."""
    now = timezone.now()
    return bool(Question.objects.filter(pk=found.pk, used_at=None, expires_at__gt=now).update(used_at=now))


def _too_late(found: Question, chat_id: int) -> Answer:
    used = Question.objects.filter(pk=found.pk).exclude(used_at=None).exists()
    kind = Refusal.Kind.USED_BUTTON if used else Refusal.Kind.LATE_BUTTON
    refused(kind, chat_id=chat_id, user=found.user, detail=str(found.pk))
    if used:
        return toast("This was pressed already.")
    text = f"{found.text}\n\nThe minute is over: nothing was done. Send the command again."
    return Answer([Reply(text, edits=True)], "Too late: nothing was done.")


def _done(found: Question, name: str, arguments: dict[str, Any]) -> str:
    try:
        return ACTS[name](user=found.user, **arguments)
    except InvalidConfig as refusal:
        lines = "\n".join(f"• {escape(error.detail)}" for error in refusal.errors)
        return f"{found.text}\n\nThat cannot be done:\n{lines}"
    except Http404:
        return f"{found.text}\n\nThat bot is gone."
    except (IllegalMove, ExchangeError) as refusal:
        return f"{found.text}\n\nThat cannot be done: {escape(refusal.detail)}"


def forget_old() -> None:
    Question.objects.filter(expires_at__lt=timezone.now() - timedelta(days=7)).delete()
