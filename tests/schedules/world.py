"""One small world: an exchange, a database, a user with bots, and worker processes that come and go."""

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections
from django.db.models import F

from accounts.models import User
from bots.core.strategies.config import as_json, read_config
from bots.core.types import Ticker
from bots.models import Bot, Worker
from bots.runtime import claims, leases
from bots.runtime import worker as product
from bots.services import lifecycle, live, queue
from exchanges import hub, sealed
from exchanges.connector.client import Keys
from exchanges.models import Credential, PermissionState
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.hosting import LEADER, LISTINGS
from tests.schedules import judge
from tests.schedules import worker as ours
from tests.schedules.clock import VirtualLoop
from tests.schedules.process import PROCESS, Process, keep_tasks
from tests.schedules.watch import Watch
from tests.schedules.wire import MemoryServer

KEY, SECRET = "demo-key-of-the-schedules", "secret-of-the-schedules-4711"
PASSPHRASE, WITH_PASSPHRASE = "passphrase-of-the-schedules", ("okx",)
SYMBOLS = ("BTCUSDT", "SOLUSDT")
PRICES = {"BTCUSDT": Decimal(60_000), "SOLUSDT": Decimal(150)}
PRICE_EVERY = 3.0  # seconds
REBIRTH = 1.0  # seconds until the supervisor has another process in a dead one's place


@cache
def _certificates() -> Path:
    return Path(tempfile.mkdtemp(prefix="schedules-"))


class World:
    def __init__(self, loop: VirtualLoop, seed: int, exchange: str = LEADER) -> None:
        self.loop, self.dice = loop, Random(f"world {seed}")
        self.watch: Watch
        self.deaths: list[str] = []
        self.processes: list[Process] = []
        self.workers: list[ours.BotWorker] = []
        self.bots: list[Bot] = []
        self.deaf: set[str] = set()  # processes whose lock the database has lost
        self._away_until = 0.0
        self._queue: deque[UUID] = deque()
        self._numbers = 0
        self._closing = False
        self._context = copy_context()
        loop.gate = self._gate
        loop.set_task_factory(keep_tasks)
        listing = LISTINGS[exchange]
        self.exchange = Exchange(
            name=exchange,
            clock=loop.milliseconds,
            seed=seed,
            history_days=1,
            rules=[rules for rules in listing.rules if rules.symbol in SYMBOLS],
            first_prices=PRICES,
            conventions=listing.conventions,
        )
        self.server = MemoryServer({exchange: self.exchange}, _certificates())
        self.uid = self.exchange.create_account(KEY, SECRET).uid
        self.credential = self._credential()

    # The user

    def _credential(self) -> Credential:
        user, _ = User.objects.get_or_create(email="schedules@example.org")
        name, uid = self.exchange.name, str(self.uid)
        row = Credential(user=user, exchange=name, label="Key", account_uid=uid, is_valid=True)
        row.permission_state = PermissionState.VERIFIED_SAFE
        sealed.put_keys(row, Keys(KEY, SECRET, uid, PASSPHRASE if name in WITH_PASSPHRASE else ""))
        row.save()
        return row

    def bot(self, strategy: str, symbol: str, config: dict[str, Any]) -> Bot:
        investment = lifecycle.check_creation(self.credential, strategy, symbol, config).investment
        found = Bot.objects.create(
            user=self.credential.user, credential=self.credential, name=f"Bot {len(self.bots)}",
            strategy=strategy, symbol=symbol, config=as_json(strategy, config),
            total_investment=investment, cash=investment,
        )  # fmt: skip
        self.bots.append(found)
        return found

    # The queue

    def ask_for_runners(self, bot_ids: Iterable[UUID]) -> None:
        """A queue may deliver twice, and the reaper asks beside the user."""
        for bot_id in bot_ids:
            for _ in range(self.dice.choice((1, 1, 2))):
                self.loop.call_later(self.dice.uniform(0.01, 0.03), self._hand_out, bot_id)

    def _hand_out(self, bot_id: UUID) -> None:
        takers = [worker for worker in self.workers if worker.process.awake and not worker.closing]
        if takers:
            worker = self.dice.choice(takers)
            worker.process.spawn(worker.run(bot_id))

    # Processes

    async def start_worker(self) -> ours.BotWorker:
        self._numbers += 1
        process = Process(f"worker {self._numbers}", self.loop, self.dice, self._died)
        process.on_send = self.watch.told
        self.processes.append(process)

        async def birth() -> ours.BotWorker:
            worker = ours.BotWorker(process)
            await worker.open()
            return worker

        worker = await process.spawn(birth())
        self.workers.append(worker)
        return worker

    def _died(self, where: str) -> None:
        self.deaths.append(where)
        self.workers = [worker for worker in self.workers if worker.process.alive]
        if not self._closing:
            self._later(REBIRTH, self._reborn)

    def _later(self, seconds: float, act: Callable[[], Any]) -> None:
        """In nobody's name: who calls may be the dying process."""
        self.loop.call_later(seconds, act, context=self._context)

    def _reborn(self) -> None:
        if self._closing:
            return
        if self._away():
            self._later(REBIRTH, self._reborn)  # a worker needs the database to start
        else:
            self.loop.create_task(self.start_worker())

    def bury(self) -> list[str]:
        """What the reaper of the product does, where dead is whom the schedule has killed."""
        living = {worker.heartbeat.worker.pk for worker in self.workers if self._shows_life(worker)}
        rows = list(Worker.objects.exclude(pk__in=living))
        for row in rows:
            _bury(row)
        return [row.name for row in rows]

    def _shows_life(self, worker: ours.BotWorker) -> bool:
        if worker.process.name in self.deaf:
            return False
        return self.loop.time() - worker.heartbeat._last < leases.TTL

    # The database

    def lose_database(self, seconds: float) -> None:
        self._away_until = self.loop.time() + seconds

    def _away(self) -> bool:
        return self.loop.time() < self._away_until

    def _gate(self, work: Any) -> Any:
        process = PROCESS.get()
        assert process is not None, "only processes use threads"

        def at_the_database() -> Any:
            if self._away():
                raise OperationalError("the database is away")
            return work()

        return process.in_thread(at_the_database)

    # The market

    def price(self, symbol: str) -> Decimal:
        return self.exchange.venue(symbol).price

    def tell_price(self, symbol: str) -> None:
        """What the collector does after a trade."""
        price = self.price(symbol)
        ticker = Ticker(f"{symbol[:-4]}/USDT", price, price, price, self.loop.milliseconds())
        for worker in self.workers:
            act = _telling(worker, self.exchange.name, ticker)
            self.loop.call_later(self.dice.uniform(0.01, 0.05), worker.process.when_awake, act)

    async def tell_prices(self) -> None:
        """A market never stands still for long."""
        while True:
            await asyncio.sleep(PRICE_EVERY)
            for symbol in SYMBOLS:
                self.tell_price(symbol)

    # The end

    def books(self) -> judge.Books:
        return judge.Books(judge.Seen.at(self.exchange, self.uid), self.credential, self.watch)

    async def close(self) -> None:
        self._closing = True
        for process in self.processes:
            process.die()
        await self.server.stop()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        self.exchange.close()


def _telling(worker: ours.BotWorker, exchange: str, ticker: Ticker) -> Any:
    bus: Any = worker.prices
    return lambda: bus.tell(exchange, ticker)


def _noting(world: World) -> Callable[[str], None]:
    def note(told: str) -> None:
        world.watch.stale_writes.append(told)

    return note


def _bury(row: Worker) -> None:
    Bot.objects.filter(lease_owner=row).update(lease_owner=None, lease_token=F("lease_token") + 1)
    row.delete()


def _parsed(credential: Credential, strategy: str, symbol: str, config: Any) -> Any:
    return read_config(strategy, config)


def forget_all() -> None:
    """Empties the tables of trading. The user too: whose making draws an id would shift those of the bots."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    for model in (Bot, Worker, Credential, User):
        model._default_manager.all().delete()


@contextmanager
def world_of(loop: VirtualLoop, seed: int, exchange: str) -> Iterator[World]:
    forget_all()
    with ExitStack() as stack:

        def put(*where: Any) -> None:
            stack.enter_context(patch.object(*where))

        stack.enter_context(
            patch.dict(os.environ, {"DJANGO_ALLOW_ASYNC_UNSAFE": "1"})
        )  # there are no threads
        # One connection: Django would open one for every task.
        put(connections, "_connections", SimpleNamespace(**{DEFAULT_DB_ALIAS: connections[DEFAULT_DB_ALIAS]}))
        put(settings, "EXCHANGE_SIMULATOR", {"host": "memory", "port": 1, "ca": ""})
        put(lifecycle, "check_creation", _parsed)
        put(lifecycle, "check_start", lambda bot: None)
        put(lifecycle, "follow", lambda **_: None)
        put(live, "publish", lambda *_: None)
        world = World(loop, seed, exchange)
        for asking in (queue, claims):
            put(asking, "ask_for_runners", world.ask_for_runners)
        put(leases, "bury_dead_workers", world.bury)
        for name in ("Database", "Heartbeat", "Feed"):
            put(product, name, getattr(ours, name))
        put(product, "PriceBus", ours.Prices)
        put(hub, "_hubs", ours.Hubs())
        put(hub, "client_session", lambda *_: ours.session_of(world.server))
        put(hub, "SharedLimiter", ours.Limiter)
        put(ours.Database, "on_stale_write", staticmethod(_noting(world)))
        yield world
