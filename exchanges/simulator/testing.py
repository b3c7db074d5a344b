"""A simulator inside the test's own process: `running_simulator` on the test's loop, `simulator_in_thread` for tests
without one."""

import asyncio
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from exchanges.simulator.app import LOOPBACK, Server
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.events import Event
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Fault, Faults
from exchanges.simulator.hosting import open_exchanges
from exchanges.simulator.market import Market

T = TypeVar("T")


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class RunningSimulator:
    """`exchange` is Binance; the others are among `exchanges`, by name."""

    exchanges: Mapping[str, Exchange]
    server: Server

    @property
    def faults(self) -> Faults:
        return self.server.faults

    @property
    def exchange(self) -> Exchange:
        return self.exchanges["binance"]

    @property
    def transport(self) -> dict[str, Any]:
        """For settings.EXCHANGE_SIMULATOR and `client_session`."""
        return {"host": LOOPBACK, "port": self.server.port, "ca": str(self.server.ca)}

    @property
    def control_url(self) -> str:
        return f"http://{LOOPBACK}:{self.server.control_port}"

    async def event(
        self,
        wanted: Callable[[Event], bool],
        timeout: float = 60.0,  # noqa: ASYNC109
        exchange: str = "binance",
    ) -> Event:
        """The next event that is wanted. To miss none, make a task of this before what causes it."""
        found: asyncio.Future[Event] = asyncio.get_running_loop().create_future()

        def look(event: Event) -> None:
            if not found.done() and wanted(event):
                found.set_result(event)

        end = self.exchanges[exchange].listen(look)
        try:
            return await asyncio.wait_for(found, timeout)
        finally:
            end()


@asynccontextmanager
async def running_simulator(
    *,
    home: Path | None = None,
    seed: int = 1,
    speed: float | None = None,
    history_days: int = 1,
    limits: Limits | None = None,
    clock: Callable[[], int] = wall_clock,
) -> AsyncIterator[RunningSimulator]:
    """Without a `speed` no background trades: prices stand still until the test moves them. With a `home` the state
    outlives it."""
    with tempfile.TemporaryDirectory() as scratch:
        exchanges = open_exchanges(clock=clock, home=home, seed=seed, history_days=history_days)
        markets = [] if speed is None else [Market(each, speed=speed) for each in exchanges.values()]
        server = Server(exchanges, home or Path(scratch), markets, limits=limits or Limits())
        await server.start()
        try:
            yield RunningSimulator(exchanges, server)
        finally:
            await server.stop()
            for exchange in exchanges.values():
                exchange.close()


@dataclass
class ThreadedSimulator:
    """Touch the exchanges through `call` alone: they live in another thread."""

    _inner: RunningSimulator
    _loop: asyncio.AbstractEventLoop

    @property
    def transport(self) -> dict[str, Any]:
        return self._inner.transport

    @property
    def control_url(self) -> str:
        return self._inner.control_url

    def call(self, act: Callable[[Exchange], T], timeout: float = 60.0, exchange: str = "binance") -> T:
        """What `act` answers, run in the simulator's thread: `sim.call(lambda e: e.set_price("BTCUSDT", price))`."""

        async def run() -> T:
            return act(self._inner.exchanges[exchange])

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout)

    def strike(self, kind: str, exchange: str = "binance", **options: Any) -> None:
        """Asks for a fault, as `Faults.add` does."""
        self.call(lambda _: self._inner.faults.add(kind, exchange, **options))

    def end_faults(self) -> list[Fault]:
        """With how often each has struck."""
        return self.call(lambda _: self._inner.faults.clear())

    def wait_until(
        self, holds: Callable[[Exchange], bool], timeout: float = 60.0, exchange: str = "binance"
    ) -> None:
        """Looks again after each event; raises TimeoutError."""

        async def wait() -> None:
            changed = asyncio.Event()
            watched = self._inner.exchanges[exchange]
            end = watched.listen(lambda _: changed.set())
            try:
                while not holds(watched):
                    changed.clear()
                    await changed.wait()
            finally:
                end()

        asyncio.run_coroutine_threadsafe(asyncio.wait_for(wait(), timeout), self._loop).result(timeout + 1)


@contextmanager
def simulator_in_thread(**options: Any) -> Iterator[ThreadedSimulator]:
    """Takes the options of `running_simulator`."""
    started: threading.Event = threading.Event()
    found: list[ThreadedSimulator] = []
    stop: list[asyncio.Event] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        async with running_simulator(**options) as simulator:
            stop.append(asyncio.Event())
            found.append(ThreadedSimulator(simulator, asyncio.get_running_loop()))
            started.set()
            await stop[0].wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            failed.append(error)
            started.set()

    thread = threading.Thread(target=run, name="simulator", daemon=True)
    thread.start()
    started.wait()
    if not found:
        raise failed[0]
    try:
        yield found[0]
    finally:
        found[0]._loop.call_soon_threadsafe(stop[0].set)
        thread.join(60)
    if failed:
        raise failed[0]
