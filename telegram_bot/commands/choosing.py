"""From what was typed or pressed to one of the user's bots."""

from typing import TypeVar

from django.http import Http404

from accounts.models import User
from bots import selectors
from bots.models import Bot
from telegram_bot.talking import Answer, Button, Rows, say
from telegram_bot.words import bold, short

T = TypeVar("T")
PAGE = 8
NO_BOTS = "You have no bots yet. /new makes one."


class NotChosen(Exception):
    """Which bot is meant is not known: `answer` asks."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def bots_of(user: User) -> list[Bot]:
    """In the order in which lists number them."""
    return list(selectors.bots_of(user).order_by("-created_at", "id"))


def choose(user: User, typed: str, command: str) -> Bot:
    """By the id on a button, the number in /bots, the name, or the beginning of it; the only one needs no name.
    Raises NotChosen."""
    if len(typed) == 32 and (pressed := _by_id(user, typed)):
        return pressed
    bots = bots_of(user)
    found = _matching(bots, typed.strip()) if typed.strip() else bots
    if len(found) == 1:
        return found[0]
    if not bots:
        raise NotChosen(say(NO_BOTS))
    if typed.strip() and not found:
        raise NotChosen(say(f"You have no bot called {bold(short(typed, 40))}. /bots lists yours."))
    raise NotChosen(say("Which bot?", picker(found, command)))


def _by_id(user: User, typed: str) -> Bot | None:
    try:
        return selectors.access_bot(user=user, bot_id=typed)
    except Http404:
        return None


def _matching(bots: list[Bot], typed: str) -> list[Bot]:
    if typed.isdecimal() and len(typed) < 6 and 1 <= int(typed) <= len(bots):
        return [bots[int(typed) - 1]]
    wanted = typed.casefold()
    exact = [bot for bot in bots if bot.name.casefold() == wanted]
    return exact or [bot for bot in bots if bot.name.casefold().startswith(wanted)]


def picker(bots: list[Bot], command: str, page: int = 0) -> Rows:
    rows = [[Button(short(bot.name, 40), f"{command}:{bot.pk.hex}")] for bot in paged(bots, page)]
    return rows + pager(len(bots), page, f"pick:{command}")


def page_of(text: str) -> int:
    """The page that a button names, 0 for none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


def paged(rows: list[T], page: int, size: int = PAGE) -> list[T]:
    return rows[page * size : (page + 1) * size]


def pager(count: int, page: int, data: str, size: int = PAGE) -> Rows:
    """Earlier and later, where there are such; nothing for a single page."""
    row = [Button("‹ Back", f"{data}:{page - 1}")] if page > 0 else []
    if (page + 1) * size < count:
        row.append(Button("More ›", f"{data}:{page + 1}"))
    return [row] if row else []
