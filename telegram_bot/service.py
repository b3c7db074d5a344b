"""The process that talks with Telegram: takes updates, by polling or from the webhook's queue, and answers them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import redis
from django.conf import settings
from django.db import connections

from telegram_bot import identity, inbox, webhook
from telegram_bot.commands.registry import COMMANDS, MENU
from telegram_bot.handling import handle, incoming_of
from telegram_bot.inbox import Taken
from telegram_bot.messenger import Messenger, new_bot
from telegram_bot.watching import look_after

from telegram import Update  # isort: skip # after the messenger, which sets the library up
from telegram.error import InvalidToken, TelegramError  # isort: skip
from telegram.ext import Application, BaseUpdateProcessor, TypeHandler, Updater  # isort: skip

T = TypeVar("T")
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
        incoming = incoming_of(update.update) if isinstance(update, Taken) else None
        async with self._locks.setdefault(incoming.chat_id if incoming else 0, asyncio.Lock()):
            await coroutine

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""


class Arrivals(asyncio.Queue[object]):
    """Where the library puts what it has polled: an update is kept before Telegram is told that it has come. One that
    cannot be kept goes straight to who handles it."""

    def __init__(self, in_thread: Callable[..., Any], straight: asyncio.Queue[object]) -> None:
        super().__init__()
        self._in_thread, self._straight = in_thread, straight

    async def put(self, update: Any) -> None:
        plain = update.to_dict()
        if not await self._in_thread(inbox.keep, plain):
            await self._straight.put(Taken(plain))


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
        await self._rest(pause)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def _take_updates(self, bot: Any) -> None:
        building: Any = Application.builder().bot(bot).updater(None)
        application: Any = building.concurrent_updates(OneAfterAnother()).build()
        messenger = Messenger(bot, on(asyncio.get_running_loop()))

        async def on_update(taken: Taken, _context: Any) -> None:
            await self._in_thread(_handle, messenger, taken)

        application.add_handler(TypeHandler(Taken, on_update))
        async with application:
            await application.start()
            watch = asyncio.create_task(self._look_after(messenger))
            work = asyncio.create_task(self._take(application.update_queue))
            for task in (watch, work):  # a mistake in one ends the service, which is started anew
                task.add_done_callback(lambda _: self.stop.set())
            await (self._be_called(bot) if by_webhook() else self._poll(application))
            await work
            await watch
            await application.stop()

    async def _in_thread(self, work: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *values)

    async def _take(self, queue: Any) -> None:
        """What is kept for us, as it comes; first what a service before us left."""
        ready = False
        while not self.stop.is_set():
            try:
                if not ready:
                    await self._in_thread(inbox.resume)
                    ready = True
                if found := await self._in_thread(inbox.take):
                    await queue.put(found)
            except redis.RedisError:
                logger.warning("telegram_queue_unreachable")
                await self._rest(RETRY_SECONDS)

    async def _look_after(self, messenger: Messenger) -> None:
        while not self.stop.is_set():
            await self._in_thread(_look_after, messenger)
            await self._rest(WATCH_SECONDS)

    async def _poll(self, application: Any) -> None:
        updater = Updater(application.bot, Arrivals(self._in_thread, application.update_queue))
        await updater.initialize()
        await updater.start_polling(allowed_updates=KINDS, bootstrap_retries=-1)
        self.up.set()
        await self.stop.wait()
        await updater.stop()

    async def _be_called(self, bot: Any) -> None:
        """Telegram calls the web process, which keeps it for us."""
        await self._register(bot)
        self.up.set()
        await self.stop.wait()

    async def _register(self, bot: Any) -> None:
        while not self.stop.is_set():
            try:
                await bot.set_webhook(webhook.address(), secret_token=webhook.secret(), allowed_updates=KINDS)
                return
            except TelegramError as error:
                await self._trouble(f"Telegram takes no webhook: {error.message}", RETRY_SECONDS)


def by_webhook() -> bool:
    return bool(settings.AUTOGRID_TELEGRAM_MODE == "webhook")


def _handle(messenger: Messenger, taken: Taken) -> None:
    """In a thread, which keeps no connection to the database while it waits for the next."""
    try:
        handle(messenger, taken.update)
        inbox.done(taken)
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
