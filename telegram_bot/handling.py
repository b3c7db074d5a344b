"""One update: taken once, answered, and the answer sent. Synchronous: it runs in a thread of the service."""

import logging
import time
from contextlib import suppress
from typing import Any

from redis import RedisError

from bots.services import pace
from telegram_bot import audit, inbox, links
from telegram_bot.messenger import Blocked, Messenger, Refused, RetryAfter, Unreachable
from telegram_bot.models import Refusal
from telegram_bot.router import answer
from telegram_bot.talking import Answer, Incoming, Reply, say

logger = logging.getLogger(__name__)
TRIES = 4
LONGEST_WAIT = 30.0  # seconds that one reply waits for its turn, or as Telegram asks
FAILED = "That did not work: the mistake is on our side, and it was written down. Please try again."


def handle(messenger: Messenger, update: dict[str, Any]) -> None:
    """Never raises: the next update must not suffer from this one."""
    try:
        incoming = incoming_of(update)
        if incoming is not None and first_time(update["update_id"], incoming):
            _respond(messenger, incoming, _answer(incoming))
    except Exception:
        logger.exception("telegram_update_failed")


def incoming_of(update: dict[str, Any]) -> Incoming | None:
    """What of an update concerns us: a text, or a pressed button."""
    if (message := update.get("message")) and isinstance(message.get("text"), str) and "from" in message:
        chat = message["chat"]
        return Incoming(
            chat["id"],
            message["from"]["id"],
            chat["type"] == "private",
            text=message["text"].replace("\x00", ""),
        )
    press = update.get("callback_query")
    if not press or not (message := press.get("message")) or not isinstance(press.get("data"), str):
        return None
    chat = message["chat"]
    return Incoming(
        chat["id"],
        press["from"]["id"],
        chat["type"] == "private",
        data=press["data"].replace("\x00", ""),
        press_id=press["id"],
        message_id=message["message_id"],
        has_photo="photo" in message,
    )


def first_time(update_id: int, incoming: Incoming) -> bool:
    """Whether this update is new."""
    if inbox.is_new(update_id):
        return True
    audit.refused(Refusal.Kind.REPLAYED_UPDATE, chat_id=incoming.chat_id, detail=str(update_id))
    return False


def _answer(incoming: Incoming) -> Answer:
    try:
        return answer(incoming)
    except Exception:
        logger.exception("telegram_command_failed")
        return say(FAILED)


def _respond(messenger: Messenger, incoming: Incoming, answered: Answer) -> None:
    if incoming.is_press:
        _patiently(incoming.chat_id, lambda: messenger.toast(incoming.press_id, answered.toast))
    for reply in answered.replies:
        _patiently(incoming.chat_id, lambda reply=reply: _send(messenger, incoming, reply))


def _send(messenger: Messenger, incoming: Incoming, reply: Reply) -> None:
    """At the pace that notices keep too. Without Redis nobody can, and the answer goes: the kill switch has to work."""
    try:
        with pace.turn(incoming.chat_id, LONGEST_WAIT):
            message_id = _carry(messenger, incoming, reply)
    except pace.Unknown:
        message_id = _carry(messenger, incoming, reply)
    if reply.sent is not None:
        reply.sent(message_id)


def _carry(messenger: Messenger, incoming: Incoming, reply: Reply) -> int:
    """The id of the message that it is now."""
    if reply.edits and incoming.message_id and reply.photo is None:
        messenger.edit(incoming.chat_id, incoming.message_id, reply, has_photo=incoming.has_photo)
        return incoming.message_id
    return messenger.send(incoming.chat_id, reply.text, photo=reply.photo, buttons=reply.buttons)


def _patiently(chat_id: int, send: Any) -> None:
    """Waits as Telegram asks to; gives up what it refuses. A message whose answer was lost is not sent twice."""
    for _ in range(TRIES):
        try:
            return send()
        except RetryAfter as error:
            with suppress(RedisError):  # notices wait too
                pace.hold(chat_id, error.seconds)
            if error.seconds > LONGEST_WAIT:
                break
            time.sleep(error.seconds)
        except Blocked:
            links.blocked(chat_id)
            return None
        except (Unreachable, pace.Busy):
            break
        except Refused as error:
            logger.warning("telegram_reply_refused", extra={"why": str(error)})
            return None
    logger.warning("telegram_reply_lost", extra={"chat": chat_id})
    return None
