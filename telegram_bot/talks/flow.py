"""From one question to the next, and back. What is pressed counts for the step it was asked at alone."""

from uuid import uuid4

from django.http import Http404

from accounts.models import User
from telegram_bot.commands.registry import command
from telegram_bot.models import Talk
from telegram_bot.questions import question
from telegram_bot.talking import Answer, Button, Reply, Rows, say, toast
from telegram_bot.talks.dca import DCA
from telegram_bot.talks.grid import GRID
from telegram_bot.talks.review import NotReady, summary
from telegram_bot.talks.steps import COMMON, Step, Unfit
from telegram_bot.words import bold, escape

PREFIX = "t"
REVIEW, BACK, CANCEL, AGAIN = "review", "back", "cancel", "again"
STEPS: dict[str, Step] = {**COMMON, **GRID, **DCA}
NO_KEY = "You have no working exchange key yet. Add one on the pages, under Exchange keys; a paper account needs none."


@command("new", "make a bot, step by step")
def new(user: User, _typed: str) -> Answer:
    keys = list(user.credentials.filter(is_valid=True)[:2])
    if not keys:
        return say(NO_KEY)
    only = len(keys) == 1
    step, data = ("symbol", {"key": str(keys[0].pk)}) if only else ("key", {})
    begun = {"step": step, "data": data, "path": [], "token": uuid4()}
    talk, _ = Talk.objects.update_or_create(user=user, defaults=begun)
    return _ask(user, talk)


@command("cancel", "end the conversation of /new")
def cancel(user: User, _typed: str) -> Answer:
    ended = Talk.objects.filter(user=user).delete()[0]
    return say("Ended: nothing was made." if ended else "There is nothing to cancel.")


def said(user: User, text: str) -> Answer | None:
    """A message that is no command; None where no conversation waits for one."""
    talk = Talk.objects.filter(user=user).first()
    if talk is None:
        return None
    if talk.step == REVIEW:
        return say("Press one of the buttons, or /cancel.")
    return _take(user, talk, text, edits=False)


def pressed(user: User, data: str, *, has_photo: bool) -> Answer:
    """`data` is step:value. A message with a picture stays as it is; what follows is a new one."""
    step, _, value = data.partition(":")
    talk = Talk.objects.filter(user=user, step=step).first()
    if talk is None:
        return toast("That step is over.")
    if value == CANCEL:
        talk.delete()
        return Answer([Reply("Ended: nothing was made.", edits=not has_photo)], "Ended.")
    if value == BACK and talk.path:
        return _go(user, talk, talk.path[-1], talk.path[:-1], edits=not has_photo)
    if value == AGAIN:
        return _go(user, talk, step, talk.path, edits=not has_photo)
    return _take(user, talk, value, edits=not has_photo)


def _take(user: User, talk: Talk, text: str, *, edits: bool) -> Answer:
    if talk.step not in STEPS:
        return toast("That step is over.")
    try:
        STEPS[talk.step].take(user, talk.data, text.strip()[:200])
    except Unfit as refused:
        return say(escape(str(refused)))
    except Http404:
        return _key_gone(talk)
    return _go(user, talk, STEPS[talk.step].next(talk.data), [*talk.path, talk.step], edits=edits)


def _go(user: User, talk: Talk, step: str, path: list[str], *, edits: bool) -> Answer:
    """Of two that move at once the first wins."""
    moved = Talk.objects.filter(user=user, token=talk.token).update(
        step=step, path=path, data=talk.data, token=uuid4()
    )
    if not moved:
        return toast("That step is over.")
    talk.refresh_from_db()
    return _ask(user, talk, edits=edits)


def _ask(user: User, talk: Talk, *, edits: bool = False) -> Answer:
    try:
        if talk.step == REVIEW:
            return _review(user, talk, edits)
        prompt = STEPS[talk.step].ask(user, talk.data)
    except Http404:
        return _key_gone(talk)
    Talk.objects.filter(pk=talk.pk, token=talk.token).update(data=talk.data)
    rows = [
        [Button(label, f"{PREFIX}:{talk.step}:{value}") for label, value in row] for row in prompt.choices
    ]
    return say(prompt.text, [*rows, *_ways(talk)], edits=edits, photo=prompt.photo)


def _review(user: User, talk: Talk, edits: bool) -> Answer:
    try:
        text = summary(user, talk.data)
    except NotReady as refused:
        again = [Button("Check again", f"{PREFIX}:{REVIEW}:{AGAIN}")]
        return say(f"{bold('Not yet')}:\n{refused}", [again, *_ways(talk)], edits=edits)
    choices = [
        (label, "make_bot", {"token": talk.token.hex, "start": start})
        for label, start in (("Make and start it", True), ("Only make it", False))
    ]
    return question(user=user, text=text, choices=choices, no="", further=_ways(talk), edits=edits)


def _ways(talk: Talk) -> Rows:
    back = [Button("‹ Back", f"{PREFIX}:{talk.step}:{BACK}")] if talk.path else []
    return [[*back, Button("Cancel", f"{PREFIX}:{talk.step}:{CANCEL}")]]


def _key_gone(talk: Talk) -> Answer:
    talk.delete()
    return say("The account it should trade in is gone: send /new to begin again.")
