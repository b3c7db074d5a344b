"""The bots' worker of the product in a process of ours: its threads, heartbeat, prices and Redis are replaced, what it
does with bots, database and exchange is not."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import aiohttp
from django.db import DatabaseError
from django.db.models.functions import Now

from bots.core.types import Ticker
from bots.models import Bot
from bots.models import Worker as WorkerRow
from bots.runtime import worker as product
from bots.runtime.leases import TTL
from exchanges.limiter import Rate
from tests.schedules.process import PROCESS, HeldPlug, Process
from tests.schedules.wire import MemoryServer, Pipes


class Limiter:
    """No windows: the simulator's own limits are far away. Pauses are kept, as a 429 asks for them."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._until: dict[str, float] = {}

    async def acquire(self, rate: Rate) -> None:
        loop = asyncio.get_running_loop()
        while True:
            until = max(self._until.get("", 0.0), self._until.get(rate.account, 0.0))
            if until <= loop.time():
                return
            await asyncio.sleep(until - loop.time())

    async def pause(self, exchange: str, seconds: float, account: str = "") -> None:
        until = asyncio.get_running_loop().time() + seconds
        self._until[account] = max(until, self._until.get(account, 0.0))

    async def close(self) -> None:
        """Nothing is held."""


class Prices:
    """The price bus of one process."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._callbacks: dict[tuple[str, str], list[Callable[[Ticker], None]]] = {}

    async def start(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        self._callbacks.clear()

    def subscribe(self, exchange: str, symbol: str, callback: Callable[[Ticker], None]) -> Callable[[], None]:
        callbacks = self._callbacks.setdefault((exchange, symbol), [])
        callbacks.append(callback)
        return lambda: callbacks.remove(callback)

    def is_stale(self, exchange: str, symbol: str) -> bool:
        return False

    def tell(self, exchange: str, ticker: Ticker) -> None:
        for callback in list(self._callbacks.get((exchange, ticker.symbol), ())):
            callback(ticker)


class Feed:
    """Nobody watches."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Of no runners."""

    def tell(self, *_: Any) -> None:
        """To nobody."""

    async def run(self) -> None:
        await asyncio.Event().wait()


class Database:
    """Work is done at once, on the one connection, between two gates of its process; every write under a lease is
    compared with the lease's fate."""

    on_stale_write: Callable[[str], None] = staticmethod(lambda _: None)
    is_away: Callable[[], bool] = staticmethod(lambda: False)

    async def run(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, partial(self._watched, work, *args, **kwargs))

    def _watched(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        lease = kwargs.get("lease")
        if lease is None or work.__name__ == "release":
            return work(*args, **kwargs)
        current = Bot.objects.filter(id=lease.bot_id).values_list("lease_token", flat=True).first()
        found = work(*args, **kwargs)
        if current != lease.token and found is not False:
            self.on_stale_write(f"{work.__name__} with token {lease.token} where {current} was current")
        return found

    def close(self) -> None:
        """No threads."""


class Heartbeat:
    """Beats as long as its process is awake."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._last = 0.0
        self._stopped = False
        self.worker: WorkerRow

    def start(self) -> None:
        process = PROCESS.get()
        assert process is not None
        self._process = process
        self.worker = WorkerRow.objects.create(name=process.name, lock_key=0, heartbeat_at=Now())
        self._beat()

    def _beat(self) -> None:
        if self._stopped or not self._process.alive:
            return
        self._process.loop.call_later(1.0, self._process.when_awake, self._beat)
        if not WorkerRow.objects.filter(pk=self.worker.pk).exists():
            self._stopped = True
            self._on_lost()
            return
        self._last = self._process.loop.time()

    def is_fresh(self, margin: float) -> bool:
        return not self._stopped and self._process.loop.time() - self._last < TTL - margin

    def stop(self) -> None:
        self._stopped = True


class BotWorker(product.BotWorker):
    """Its loop is the schedule's."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.loop.close()
        self.loop = process.loop
        self.process = process

    async def open(self) -> None:
        self.heartbeat.start()
        await self._open()

    async def run(self, bot_id: UUID) -> None:
        with suppress(DatabaseError):  # as a Celery task fails
            await self._run_bot(bot_id)

    def _lost(self) -> None:
        self.closing = True
        self._hang_up()
        self.loop.call_later(product.LAST_WORDS, self.process.die, "without a heartbeat")


class Hubs:
    """The connectors' hub of each process, where the product has one of each event loop."""

    def __init__(self) -> None:
        self._hubs: dict[Process | None, Any] = {}

    def get(self, _: Any) -> Any:
        return self._hubs.get(PROCESS.get())

    def __getitem__(self, _: Any) -> Any:
        return self._hubs[PROCESS.get()]

    def __setitem__(self, _: Any, hub: Any) -> None:
        process = PROCESS.get()
        self._hubs[process] = hub
        if process is not None:
            process.remains = lambda: forsake(hub.session)

    def pop(self, _: Any, default: Any = None) -> Any:
        return self._hubs.pop(PROCESS.get(), default)


def forsake(session: aiohttp.ClientSession) -> None:
    """What died cannot say goodbye: the session is made to look closed, so that nobody waits for it."""
    connector = session.connector
    if connector is not None:
        connector._conns.clear()
        connector._closed = True
    session.detach()


def session_of(server: MemoryServer) -> aiohttp.ClientSession:
    process = PROCESS.get()
    assert process is not None, "only workers talk to the exchange"
    pipes = Pipes(server, partial(HeldPlug, process))
    return aiohttp.ClientSession(connector=pipes, cookie_jar=aiohttp.DummyCookieJar())
