"""A connector and the simulated exchange with faults, for the tests of what each fault looks like from both sides."""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest

from bots.core.types import OrderReport
from exchanges.connector.client import Keys
from exchanges.connector.rest import RestConnector
from exchanges.simulator.orders import Order
from exchanges.simulator.testing import RunningSimulator, running_simulator, wall_clock
from exchanges.tests.conftest import Connecting, order

KEY = "demo-alice"
BTC = "BTC/USDT"


class LateClock:
    """The exchange's clock, which a test may move on while a request waits."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return wall_clock() + self.ahead


@pytest.fixture
def clock() -> LateClock:
    return LateClock()


@pytest.fixture
async def sim(clock: LateClock) -> AsyncIterator[RunningSimulator]:
    async with running_simulator(seed=1, clock=clock) as running:
        running.exchange.set_price("BTCUSDT", Decimal(60_000))
        yield running


@pytest.fixture
async def alice(sim: RunningSimulator, connecting: Connecting) -> Any:
    connector = await connecting(sim.transport, Keys(KEY, "secret-of-alice"))
    await connector.balances()  # its account exists
    return connector


async def place(connector: RestConnector, client_id: str = "agx1", **changes: Any) -> OrderReport:
    return await connector.create_order(order(client_id, **changes), await connector.exchange_time())


def on_book(sim: RunningSimulator) -> list[str]:
    return [each.client_id for each in sim.exchange.open_orders(uid(sim))]


def held(sim: RunningSimulator, client_id: str = "agx1") -> Order | None:
    return sim.exchange.find_order(uid(sim), "BTCUSDT", None, client_id)


def uid(sim: RunningSimulator) -> int:
    return sim.exchange.accounts.keys[KEY].uid


def requests(sim: RunningSimulator, method: str = "POST") -> list[tuple[str, int | None, str | None]]:
    """(client id, what the exchange answered, the fault that struck) of each order request received."""
    received = sim.exchange.journal.requests.of(KEY)
    return [
        (each["clientOrderId"], each["status"], each["fault"])
        for each in received
        if each["method"] == method
    ]


async def eventually(holds: Callable[[], Any], seconds: float = 10) -> None:
    """For what no event tells: a connection that the server closes, a request that has arrived."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
