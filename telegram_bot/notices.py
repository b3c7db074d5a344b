"""Notices to chats, at Telegram's pace: the sender that the outbox calls for its channel `telegram`."""

from contextlib import ExitStack
from html import escape
from typing import TYPE_CHECKING

from django.conf import settings

from bots.models import Delivery, Priority
from bots.services import pace
from bots.services.senders import Later, Message, Undeliverable
from telegram_bot import kept, links

if TYPE_CHECKING:
    from telegram_bot.messenger import Messenger


class ChatSender:
    """One messenger for a batch, taken by its first message."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._messenger: Messenger | None = None

    def __enter__(self) -> "ChatSender":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def send(self, delivery: Delivery, message: Message) -> None:
        from telegram_bot.messenger import Blocked, Refused, RetryAfter

        chat_id = int(delivery.recipient)
        messenger = self._ready(delivery, chat_id)
        silent = delivery.priority == Priority.LOW
        try:
            with pace.turn(chat_id, patience=0):
                messenger.send(chat_id, in_chat_words(message), silent=silent)
        except pace.Busy as busy:
            raise Later(busy.seconds) from None
        except RetryAfter as wait:
            pace.hold(chat_id, wait.seconds)
            raise Later(wait.seconds) from None
        except Blocked:
            links.blocked(chat_id)
            raise Undeliverable("The user has blocked the bot; the chat is unlinked.") from None
        except Refused as refusal:
            raise Undeliverable(f"Telegram refuses it: {refusal}") from None

    def _ready(self, delivery: Delivery, chat_id: int) -> "Messenger":
        """Raises Undeliverable."""
        if not settings.AUTOGRID_TELEGRAM_TOKEN:
            raise Undeliverable("Telegram is not set up on this server.")
        user = links.user_of(chat_id)
        if user is None or user.pk != delivery.user_id:
            raise Undeliverable("The chat is linked no longer.")
        if self._messenger is None:
            self._messenger = self._stack.enter_context(kept.borrowed())
        return self._messenger


def in_chat_words(message: Message) -> str:
    """Telegram's HTML."""
    told = [f"• {line}" for line in message.lines] or [message.text]  # a digest's title says it all
    parts = [f"<b>{escape(message.title)}</b>", *map(escape, told)]
    if message.bot and message.bot["name"] not in message.title:
        parts.append(f"Bot: {escape(message.bot['name'])}")
    parts += [f"{escape(name)}: {escape(value)}" for name, value in message.facts.items()]
    return "\n".join(parts)
