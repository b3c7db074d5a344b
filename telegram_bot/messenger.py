"""Sends to Telegram, for synchronous callers: the service's threads, and Celery's."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

import httpx
from django.conf import settings

from telegram_bot.talking import LONGEST_CAPTION, LONGEST_TEXT, Reply, Rows
from telegram_bot.words import fit

os.environ["PTB_TIMEDELTA"] = "1"  # what the library will do anyway; without it, it warns

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram import error as telegram_errors
from telegram.constants import ParseMode
from telegram.request import HTTPXRequest

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]
SECONDS = 20.0  # of patience with one request
IDLE_SECONDS = 50.0  # that a connection is kept for the next message: a little less than servers do
NOT_MODIFIED = "not modified"


class Blocked(Exception):
    """The user has blocked the bot, or is gone."""


class RetryAfter(Exception):
    """Too many messages."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Telegram asks to wait {seconds:g} s.")
        self.seconds = seconds


class Refused(Exception):
    """Never, as it is."""


class Unreachable(Exception):
    """No answer, or one that says nothing: it may or may not have been sent."""


def new_bot() -> Bot:
    limits = httpx.Limits(max_connections=32, keepalive_expiry=IDLE_SECONDS)
    request = HTTPXRequest(
        read_timeout=SECONDS,
        connect_timeout=SECONDS,
        pool_timeout=SECONDS,
        httpx_kwargs={"limits": limits},
    )
    return Bot(
        settings.AUTOGRID_TELEGRAM_TOKEN,
        base_url=f"{settings.AUTOGRID_TELEGRAM_API}/bot",
        request=request,
        get_updates_request=request,
    )


class Messenger:
    """With a loop of its own, as a context; or with the bot and the loop of the service."""

    def __init__(self, bot: Bot | None = None, run: Run[Any] | None = None) -> None:
        self._bot, self._run, self._own = bot, run, None if run else asyncio.Runner()

    def __enter__(self) -> "Messenger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            if self._bot is not None:
                # The bot itself was never initialised: that would cost a request more.
                self._own.run(self._bot.request.shutdown())
            self._own.close()

    def send(
        self,
        chat_id: int,
        html: str,
        *,
        photo: bytes | None = None,
        silent: bool = False,
        buttons: Rows | None = None,
    ) -> int:
        """The id of the message. Raises Blocked, RetryAfter, Refused and Unreachable."""
        common: Any = {
            "parse_mode": ParseMode.HTML,
            "disable_notification": silent,
            "reply_markup": _markup(buttons),
        }
        if photo is None:
            made = self._call(
                lambda bot: bot.send_message(
                    chat_id,
                    fit(html, LONGEST_TEXT),
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                    **common,
                )
            )
        else:
            made = self._call(
                lambda bot: bot.send_photo(chat_id, photo, caption=fit(html, LONGEST_CAPTION), **common)
            )
        return int(made.message_id)

    def edit(self, chat_id: int, message_id: int, reply: Reply, *, has_photo: bool = False) -> None:
        """Raises as `send` does; a message that reads so already is none of them."""
        common: Any = {
            "chat_id": chat_id,
            "message_id": message_id,
            "parse_mode": ParseMode.HTML,
            "reply_markup": _markup(reply.buttons),
        }
        try:
            if has_photo:
                self._call(
                    lambda bot: bot.edit_message_caption(caption=fit(reply.text, LONGEST_CAPTION), **common)
                )
            else:
                self._call(lambda bot: bot.edit_message_text(fit(reply.text, LONGEST_TEXT), **common))
        except Refused as refusal:
            if NOT_MODIFIED not in str(refusal).lower():
                raise

    def toast(self, press_id: str, text: str) -> None:
        """Ends the waiting circle on a button; raises as `send` does."""
        self._call(lambda bot: bot.answer_callback_query(press_id, text[:200] or None))

    def _call(self, ask: Callable[[Bot], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return self._run(ask(self._ready())) if self._run else self._own_run(ask)
        except telegram_errors.Forbidden as error:
            raise Blocked(error.message) from None
        except telegram_errors.RetryAfter as error:
            raise RetryAfter(_seconds(error)) from None
        except (telegram_errors.BadRequest, telegram_errors.InvalidToken) as error:
            raise Refused(error.message) from None
        except (telegram_errors.TelegramError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from None

    def _own_run(self, ask: Callable[[Bot], Coroutine[Any, Any, Any]]) -> Any:
        assert self._own is not None  # noqa: S101 - no other loop was given
        return self._own.run(ask(self._ready()))

    def _ready(self) -> Bot:
        if self._bot is None:
            self._bot = new_bot()
        return self._bot


def _seconds(error: telegram_errors.RetryAfter) -> float:
    wait: Any = error.retry_after
    return float(wait.total_seconds())


def _markup(rows: Rows | None) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(button.text, callback_data=button.data) for button in row]
            for row in rows
            if row
        ]
    )
