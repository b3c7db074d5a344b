"""The process that talks with Telegram: takes updates, by polling or from the webhook's queue, and answers them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

import redis
from django.conf import settings
from django.db import connections

from telegram_bot import identity, webhook
from telegram_bot.commands.registry import COMMANDS, MENU
from telegram_bot.handling import handle
from telegram_bot.messenger import Messenger, new_bot
from telegram_bot.watching import look_after

from telegram import Update  # isort: skip # after the messenger, which sets the library up
from telegram.error import InvalidToken, TelegramError  # isort: skip
from telegram.ext import Application, BaseUpdateProcessor, ContextTypes, TypeHandler  # isort: skip

logger = logging.getLogger(__name__)
THREADS = 8
WATCH_SECONDS = 3.0
KINDS = [Update.MESSAGE, Update.CALLBACK_QUERY]
CHATS_AT_ONCE = 32
RETRY_SECONDS, REFUSED_SECONDS = 5.0, 60.0
REQUEST_SECONDS = 90.0
REFUSED = (
    "Telegram refuses the token in AUTOGRID_TELEGRAM_TOKEN: ask @BotFather for the right one and restart."
)
OUT_OF_REACH = "Telegram cannot be reached; it is tried again every few seconds."


class OneAfterAnother(BaseUpdateProcessor):
    """Chats side by side, the updates of one chat in their order."""

    def __init__(self) -> None:
        super().__init__(CHATS_AT_ONCE)
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def do_process_update(self, update: object, coroutine: Any) -> None:
        chat = update.effective_chat if isinstance(update, Update) else None
        lock = self._locks.setdefault(chat.id if chat else 0, asyncio.Lock())
        async with lock:
            await coroutine

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""


class Service:
    """`serve` until `stop` is set. `up` is set once updates are taken."""

    def __init__(self) -> None:
        self.stop, self.up = asyncio.Event(), asyncio.Event()
        self._threads = ThreadPoolExecutor(THREADS, "telegram")

    async def serve(self) -> None:
        bot = new_bot()
        try:
            if await self._introduce(bot):
                await self._take_updates(bot)
        finally:
            self._threads.shutdown()

    async def _introduce(self, bot: Any) -> bool:
        """Asks Telegram who we are until it answers, and says in `status` what is wrong meanwhile."""
        while not self.stop.is_set():
            try:
                await bot.initialize()
                await bot.set_my_commands(
                    [(name, COMMANDS[name].help) for names in MENU.values() for name in names]
                )
                identity.write(username=bot.username)
                return True
            except InvalidToken:
                await self._trouble(REFUSED, REFUSED_SECONDS)
            except TelegramError:
                await self._trouble(OUT_OF_REACH, RETRY_SECONDS)
        await bot.shutdown()
        return False

    async def _trouble(self, sentence: str, pause: float) -> None:
        identity.write(problem=sentence)
        logger.error(sentence)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), pause)

    async def _take_updates(self, bot: Any) -> None:
        application: Any = Application.builder().bot(bot).concurrent_updates(OneAfterAnother()).build()
        messenger = Messenger(bot, on(asyncio.get_running_loop()))

        async def on_update(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
            await asyncio.get_running_loop().run_in_executor(
                self._threads, _handle, messenger, update.to_dict()
            )

        application.add_handler(TypeHandler(Update, on_update))
        async with application:
            await application.start()
            watch = asyncio.create_task(self._look_after(messenger))
            await (self._be_called(application) if by_webhook() else self._poll(application))
            await watch
            await application.stop()

    async def _look_after(self, messenger: Messenger) -> None:
        while not self.stop.is_set():
            await asyncio.get_running_loop().run_in_executor(self._threads, _look_after, messenger)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), WATCH_SECONDS)

    async def _poll(self, application: Any) -> None:
        await application.updater.start_polling(allowed_updates=KINDS, bootstrap_retries=-1)
        self.up.set()
        await self.stop.wait()
        await application.updater.stop()

    async def _be_called(self, application: Any) -> None:
        """Telegram calls the web process; what it keeps for us is taken here."""
        await self._register(application.bot)
        self.up.set()
        loop = asyncio.get_running_loop()
        while not self.stop.is_set():
            try:
                found = await loop.run_in_executor(self._threads, webhook.next_update)
            except redis.RedisError:
                logger.warning("telegram_queue_unreachable")
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if found is not None:
                await application.update_queue.put(Update.de_json(found, application.bot))

    async def _register(self, bot: Any) -> None:
        while not self.stop.is_set():
            try:
                await bot.set_webhook(webhook.address(), secret_token=webhook.secret(), allowed_updates=KINDS)
                return
            except TelegramError as error:
                await self._trouble(f"Telegram takes no webhook: {error.message}", RETRY_SECONDS)


def by_webhook() -> bool:
    return bool(settings.AUTOGRID_TELEGRAM_MODE == "webhook")


def _handle(messenger: Messenger, update: dict[str, Any]) -> None:
    """In a thread, which keeps no connection to the database while it waits for the next."""
    try:
        handle(messenger, update)
    finally:
        connections.close_all()


def _look_after(messenger: Messenger) -> None:
    try:
        look_after(messenger)
    finally:
        connections.close_all()


def on(loop: asyncio.AbstractEventLoop) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs coroutines on that loop, for its threads."""
    return lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(REQUEST_SECONDS)
