"""What the service looks after between updates: backtests that are awaited, and messages that follow the bots."""

import hashlib
import logging

from django.core.cache import cache
from django.utils import timezone

from bots.models import UNFINISHED
from bots.services import pace
from telegram_bot import audit, links, questions
from telegram_bot.commands.backtesting import outcome
from telegram_bot.commands.look import live_text
from telegram_bot.messenger import Blocked, Messenger, Refused, RetryAfter, Unreachable
from telegram_bot.models import AwaitedBacktest, LiveStatus
from telegram_bot.talking import Reply

A_DAY = 86_400
PATIENCE = 5.0  # seconds with one chat: the others wait
logger = logging.getLogger(__name__)


def look_after(messenger: Messenger) -> None:
    """Never raises: it is called again in a few seconds."""
    try:
        tidy_up()
        tell_backtests(messenger)
        follow_bots(messenger)
    except Exception:
        logger.exception("telegram_watching_failed")


def tidy_up() -> None:
    """Once a day: what nobody can press or wants to look up any more."""
    if cache.add("telegram:tidied", 1, A_DAY):
        audit.forget_old()
        questions.forget_old()


def tell_backtests(messenger: Messenger) -> None:
    """Each that has ended is told once: its row goes first, so that nobody else tells it. What certainly did not go out
    is awaited anew."""
    awaited = AwaitedBacktest.objects.select_related("backtest__user")
    for row in awaited.exclude(backtest__status__in=UNFINISHED)[:10]:
        if not AwaitedBacktest.objects.filter(pk=row.pk).delete()[0]:
            continue
        chat_id = row.backtest.user.telegram_chat_id
        if chat_id is not None and not _try(chat_id, messenger, outcome(row.backtest, row.title)):
            AwaitedBacktest.objects.create(backtest=row.backtest, title=row.title)


def _try(chat_id: int, messenger: Messenger, reply: Reply, message_id: int = 0) -> bool:
    """False where it certainly did not go out and may go later."""
    try:
        with pace.turn(chat_id, PATIENCE):
            if message_id:
                messenger.edit(chat_id, message_id, reply)
            else:
                messenger.send(chat_id, reply.text, photo=reply.photo, buttons=reply.buttons)
    except Blocked:
        links.blocked(chat_id)
    except RetryAfter as error:
        pace.hold(chat_id, error.seconds)
        return False
    except pace.Busy:
        return False
    except (Refused, Unreachable) as error:
        logger.warning("telegram_message_lost", extra={"chat": chat_id, "why": str(error)})
        if isinstance(error, Refused):  # its user has deleted the message
            LiveStatus.objects.filter(user__telegram_chat_id=chat_id, message_id=message_id).delete()
    return True


def follow_bots(messenger: Messenger) -> None:
    """Edits the live messages whose bots have changed, and lets those go whose time is over."""
    for row in LiveStatus.objects.select_related("user"):
        chat_id, over = row.user.telegram_chat_id, row.until <= timezone.now()
        if chat_id is None:
            row.delete()
            continue
        reply = live_text(row.user, until=None if over else row.until)
        digest = hashlib.sha256(reply.text.encode()).hexdigest()
        if digest != row.digest and _try(chat_id, messenger, reply, row.message_id):
            LiveStatus.objects.filter(pk=row.pk, message_id=row.message_id).update(digest=digest)
        if over:
            row.delete()
