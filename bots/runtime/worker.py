"""A worker process: one event loop for all its bots, one heartbeat, one pool of database threads."""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any
from uuid import UUID

from django.conf import settings

from bots.core.ports import AccountRefused, LeaseLost
from bots.models import BotStatus
from bots.runtime import leases, wishes
from bots.runtime.accounts import Accounts
from bots.runtime.batch import Batch
from bots.runtime.claims import Claims
from bots.runtime.crashes import Crashes
from bots.runtime.database import Database
from bots.runtime.feed import Feed
from bots.runtime.heartbeat import Heartbeat
from bots.runtime.inbox import Hang
from bots.runtime.loading import Loaded, load
from bots.runtime.minutes import Minutes
from bots.runtime.recording import open_tape
from bots.runtime.runner import Runner
from bots.runtime.starts import Arrivals, Starts
from bots.services import outcome
from bots.services.trading import Lease
from exchanges import services as exchanges
from exchanges.connector.library import ccxt
from exchanges.models import Credential
from marketdata.bus import PriceBus
from marketdata.public import PublicPrices

logger = logging.getLogger(__name__)
LOOK_EVERY = 1.0  # seconds between two looks at what users want and at who is dead
REQUEST_MARGIN = 12.0  # exchange timeout (7 s) and recvWindow (5 s): a lease must outlast a request by this
AFTER_REFUSAL = 60.0  # seconds before a bot whose key was refused is tried again
TELL_OF_CRASHES = 5  # in a row, before the bot's user is told
LAST_WORDS = 3.0  # seconds a process without a heartbeat still has
HAND_OVER = 10.0  # seconds a runner may take to let go; the supervisor gives the whole process 30
EXIT_LOST = 70
KEY_INVALID = "The API key of this bot failed its check. Validate it, then start the bot again."


class BotWorker:
    """Everything runs on one loop in a thread of its own; Celery's task threads only wait."""

    def __init__(self) -> None:
        self.runners: dict[UUID, Runner] = {}
        self.closing = False
        self.database = Database()
        self.minutes = Minutes(self.database)
        self.accounts = Accounts(self.database)
        self.tape = open_tape()
        self.feed = Feed(lambda: list(self.runners.values()))
        self.prices: PriceBus
        self.heartbeat = Heartbeat(self._lost)
        self.loop = asyncio.new_event_loop()
        self.claims = Claims(self.database, self.heartbeat)
        self._releases = Batch(self._release)
        self._looks = Batch(self._look_at)
        self._loads = Batch(self._load)
        self.arrivals = Arrivals()
        self._starts = Starts()
        self._mark = ""  # of what users wanted when it was last looked at
        self._crashes = Crashes()
        self._public = PublicPrices()
        self._running: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[Any]] = []
        self._thread = threading.Thread(target=self.loop.run_forever, name="bots", daemon=True)
        self._ended = threading.Event()

    # Life

    def start(self) -> None:
        """Raises psycopg.OperationalError without a database."""
        ccxt()  # now, for a second: bots that are taken over must not wait for it
        self._thread.start()
        self.heartbeat.start()
        self._submit(self._open()).result(timeout=30)
        logger.info("bots_worker_started", extra={"worker": self.heartbeat.worker.name})

    async def _open(self) -> None:
        self.prices = self.accounts.prices = PriceBus(fetch=self._public.fetch)
        await self.prices.start()
        # Tasks of their own: what users want must be seen even when the queue cannot be reached.
        work = (self._look, self._reap, self.minutes.write, self.feed.run, self._tidy_tape)
        self._tasks = [self.loop.create_task(self._for_ever(each)) for each in work]

    def close(self) -> None:
        """Hands every bot over without touching its open orders, then ends the loop."""
        self.closing = True
        if self._ended.is_set():
            return
        self._ended.set()
        self._submit(self._shut()).result(timeout=60)
        self.heartbeat.stop()
        leases.release_worker(worker=self.heartbeat.worker)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=30)
        self.loop.close()
        self.database.close()

    async def _shut(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._leave()
        self._starts.close()
        self._hang_up()
        await self._hand_over()
        await self._leave()
        if self.tape is not None:
            self.tape.close()
        await self.accounts.close()
        await self.prices.close()
        await self._public.close()
        await exchanges.close_hub()

    async def _leave(self) -> None:
        """Before: nobody counts on this worker any more. After: what its bots were worth last is written."""
        try:
            await self.database.run(leases.announce_end, worker=self.heartbeat.worker)
            await self.minutes.write()
        except Exception:
            logger.exception("leaving_failed")

    async def _hand_over(self) -> None:
        """A runner in the midst of a request ends after it. One whose exchange is silent is cancelled: what it was
        sending is unknown then, and the next worker resolves it."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=HAND_OVER)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _hang_up(self) -> None:
        for runner in self.runners.values():
            runner.inbox.put(Hang())

    def _lost(self) -> None:
        """From the heartbeat's thread: the database no longer vouches for us. Everything ends at once; the
        supervisor starts a new process, which recovers."""
        self.closing = True
        self.loop.call_soon_threadsafe(self._hang_up)
        threading.Timer(LAST_WORDS, os._exit, [EXIT_LOST]).start()

    def may_send(self) -> bool:
        return self.heartbeat.is_fresh(REQUEST_MARGIN)

    def _submit(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    async def _tidy_tape(self) -> None:
        if self.tape is not None:
            self.tape.tidy()

    # Bots

    def run_bots(self, bot_ids: list[UUID]) -> None:
        """Runs the bots until all are done or handed over; returns at once where there is nothing to do here."""
        self._submit(self._run_bots(bot_ids)).result()

    async def _run_bots(self, bot_ids: list[UUID]) -> None:
        """Each by itself: what one of them raises is told when the others have ended."""
        ends = await asyncio.gather(*map(self._run_bot, bot_ids), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end

    async def _run_bot(self, bot_id: UUID) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if bot_id in self.runners:
            await self._looks.do(bot_id)
            return
        if self.closing or len(self.runners) >= settings.AUTOGRID_BOTS_PER_WORKER:
            return
        lease = await self.claims.take(bot_id)
        # Two that ask at once are answered alike: the second must not run what the first runs already.
        if lease is None or bot_id in self.runners:
            return
        if self.closing:  # meanwhile: nobody would tell this runner to let go
            await self._give_back(lease)
            return
        runner = self.runners[bot_id] = Runner(self, lease)
        runner.arrived = self.arrivals.taken(bot_id)
        try:
            runner.give_way = await self._starts.turn()
            if not self.closing:
                await runner.run()
        except LeaseLost:
            logger.info("lease_lost", extra={"bot_id": str(bot_id)})
        except Exception:
            logger.exception("bot_crashed", extra={"bot_id": str(bot_id)})
            await self._rest(lease)
        finally:
            runner.give_way()
            self.arrivals.gone(bot_id)
            del self.runners[bot_id]
            await self._give_back(lease)

    async def _rest(self, lease: Lease) -> None:
        crashes, rest = self._crashes.another(lease.bot_id)
        self.claims.not_before(lease.bot_id, rest)
        if crashes >= TELL_OF_CRASHES:
            try:
                await self.database.run(outcome.crashing, lease=lease, crashes=crashes)
            except Exception:
                logger.exception("crashes_not_told", extra={"bot_id": str(lease.bot_id)})

    async def load(self, bot_id: UUID) -> Loaded | None:
        """None for one that was deleted. Read with others that begin; alone where one of them cannot be read."""
        try:
            return await self._loads.do(bot_id)
        except Exception:  # noqa: BLE001 - what is its own fault is raised now
            return (await self._load([bot_id])).get(bot_id)

    async def _load(self, bot_ids: list[UUID]) -> dict[UUID, Loaded]:
        return await self.database.run(load, bot_ids)

    async def _release(self, held: list[Lease]) -> dict[Lease, None]:
        await self.database.run(leases.release, held=held)
        return {}

    async def _give_back(self, lease: Lease) -> None:
        """Until it is done: a bot leased to a living worker that does not run it would never run again."""
        while True:
            try:
                return await self._releases.do(lease)
            except Exception:
                logger.exception("release_failed", extra={"bot_id": str(lease.bot_id)})
            if self.closing:
                return None  # the process ends, and with it its leases
            await asyncio.sleep(LOOK_EVERY)

    async def account_refused(self, credential: Credential, refusal: AccountRefused) -> None:
        """The key is marked; its bots are tried again now and then, to cancel what they have open."""
        await self.database.run(
            exchanges.mark_refused, credential=credential, code=refusal.code, detail=refusal.detail
        )
        for bot_id, runner in self.runners.items():
            bot = getattr(runner, "bot", None)  # who waits for its turn has none yet, and is refused itself
            if bot is not None and bot.credential_id == credential.pk:
                self.claims.not_before(bot_id, AFTER_REFUSAL)

    # What users want, and who is dead

    async def _for_ever(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await work()
            except Exception:
                logger.exception("work_failed")

    async def _look(self) -> None:
        mark = await self.database.run(wishes.mark, self.heartbeat.worker.pk)
        changed = mark != self._mark
        bots = [
            bot_id for bot_id, each in self.runners.items() if changed or (each.ready and not each.intent)
        ]
        if bots:
            await self._look_at(bots)
        self._mark = mark

    async def _look_at(self, bot_ids: list[UUID]) -> dict[UUID, None]:
        rows = await self.database.run(wishes.intents, self.heartbeat.worker.pk, bot_ids)
        for bot_id in bot_ids:
            runner = self.runners.get(bot_id)
            if runner is None:
                continue
            token, intent, trusted = rows.get(bot_id, (None, None, True))
            if intent is None or token != runner.lease.token:
                runner.inbox.put(Hang())
            elif not trusted and intent.status in (BotStatus.RUNNING, BotStatus.PAUSED):
                with contextlib.suppress(LeaseLost):
                    await self.database.run(outcome.fail, lease=runner.lease, reason=KEY_INVALID, told=True)
            elif runner.ready and intent != runner.intent:
                runner.intent = intent
                runner.inbox.put(intent)
        return {}

    async def _reap(self) -> None:
        if not self.closing:
            await self.claims.ask()
