"""A simulator inside the test's own process."""

import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exchanges.simulator.app import LOOPBACK, Server
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.exchange import Exchange


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class RunningSimulator:
    exchange: Exchange
    server: Server

    @property
    def transport(self) -> dict[str, Any]:
        """For settings.EXCHANGE_SIMULATOR and `client_session`."""
        return {"host": LOOPBACK, "port": self.server.port, "ca": str(self.server.ca)}

    @property
    def control_url(self) -> str:
        return f"http://{LOOPBACK}:{self.server.control_port}"


@asynccontextmanager
async def running_simulator(
    *, home: Path | None = None, seed: int = 1, history_days: int = 1, limits: Limits | None = None
) -> AsyncIterator[RunningSimulator]:
    with tempfile.TemporaryDirectory() as scratch:
        exchange = Exchange(clock=wall_clock, home=home, seed=seed, history_days=history_days)
        server = Server(exchange, home or Path(scratch), limits=limits or Limits())
        await server.start()
        try:
            yield RunningSimulator(exchange, server)
        finally:
            await server.stop()
            exchange.close()
