"""From what came in to what is answered."""

import re

from django.core.cache import cache

from accounts.models import User
from telegram_bot import audit, links, questions
from telegram_bot.commands import acting, backtesting, basics, choices, earnings, look, orders  # noqa: F401 - register their commands
from telegram_bot.commands.choosing import NotChosen, bots_of, page_of, picker
from telegram_bot.commands.registry import COMMANDS, Command
from telegram_bot.models import Refusal
from telegram_bot.talking import SILENCE, Answer, Incoming, say, toast
from telegram_bot.talks import flow

COMMAND = re.compile(r"/([A-Za-z_]{1,32})(?:@\w+)?(?:\s+(.*))?\Z", re.DOTALL)
STRANGER_SECONDS = 60
# The same whatever a stranger sends: not even whether a code was nearly right.
STRANGER = (
    "This bot answers linked accounts only. "
    "To link yours, open Telegram on your account page and follow the link."
)
LONGEST_ARGUMENT = 200


def answer(incoming: Incoming) -> Answer:
    """Groups and channels, and whoever is no person in a chat of his own, are met with silence."""
    if not incoming.private or incoming.sender_id != incoming.chat_id:
        return _other_chat(incoming)
    user = links.user_of(incoming.chat_id)
    if user is None:
        return _stranger(incoming)
    return _pressed(user, incoming) if incoming.is_press else _said(user, incoming)


def _other_chat(incoming: Incoming) -> Answer:
    if not incoming.is_press:
        return SILENCE
    audit.refused(Refusal.Kind.FOREIGN_BUTTON, chat_id=incoming.sender_id, detail=incoming.data[:60])
    return toast("This button is not yours.")


def _stranger(incoming: Incoming) -> Answer:
    if incoming.is_press:
        audit.refused(Refusal.Kind.FOREIGN_BUTTON, chat_id=incoming.chat_id, detail=incoming.data[:60])
        return toast("This button is not yours.")
    if code := _code_of(incoming.text):
        try:
            user = links.redeem(code=code, chat_id=incoming.chat_id)
        except links.Taken:  # linked by another code a moment ago
            user = None
        if user is not None:
            return basics.welcome(user)
    # Once a minute: nobody makes us talk.
    told = cache.add(f"telegram:stranger:{incoming.chat_id}", 1, STRANGER_SECONDS)
    return say(STRANGER) if told else SILENCE


def _code_of(text: str) -> str:
    match = COMMAND.match(text.strip())
    return (match[2] or "").strip()[:100] if match and match[1].lower() == "start" else ""


def _said(user: User, incoming: Incoming) -> Answer:
    text = incoming.text.strip()
    match = COMMAND.match(text)
    if match is None:
        return _talked(user, text)
    if match[1].lower() == "start" and match[2]:
        return _linked_already(user, incoming)
    found = COMMANDS.get(match[1].lower())
    if found is None:
        return say("There is no such command. /help lists them.")
    return _run(user, found, " ".join((match[2] or "").split())[:LONGEST_ARGUMENT])


def _talked(user: User, text: str) -> Answer:
    if basics.has_commands(user) and (answered := flow.said(user, text)):
        return answered
    return say("I know commands only: /help lists them.")


def _linked_already(user: User, incoming: Incoming) -> Answer:
    """A code in a chat that is linked: a fresh one of the same user changes nothing, another account's is refused."""
    try:
        linked = links.redeem(code=_code_of(incoming.text), chat_id=incoming.chat_id)
    except links.Taken:
        return say("This chat is linked with another account: send /unlink first.")
    return basics.welcome(linked) if linked else basics.start(user, "")


def _run(user: User, found: Command, typed: str) -> Answer:
    if not found.for_all and not basics.has_commands(user):
        return say(basics.NOTICES_ONLY)
    try:
        return found.handler(user, typed)
    except NotChosen as asks:
        return asks.answer


def _pressed(user: User, incoming: Incoming) -> Answer:
    """Buttons hold `command:argument`, as if it were typed, or what a question put there."""
    name, _, rest = incoming.data.partition(":")
    if name == questions.PREFIX:
        return questions.pressed(user=user, chat_id=incoming.chat_id, data=rest)
    if name == flow.PREFIX:
        return _run_talk(user, rest, incoming)
    if name == "pick":
        command, _, page = rest.partition(":")
        return say("Which bot?", picker(bots_of(user), command, page_of(page)), edits=True)
    found = COMMANDS.get(name)
    return _run(user, found, rest) if found else toast("This button does nothing any more.")


def _run_talk(user: User, rest: str, incoming: Incoming) -> Answer:
    if not basics.has_commands(user):
        return say(basics.NOTICES_ONLY)
    return flow.pressed(user, rest, has_photo=incoming.has_photo)
