"""A connector and a simulated exchange with faults, for the tests of what each fault looks like from both sides."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from bots.core.types import OrderReport
from exchanges.connector.client import Keys
from exchanges.connector.facts import FACTS
from exchanges.connector.rest import RestConnector
from exchanges.simulator import faults_http
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Fault, Faults
from exchanges.simulator.hosting import LISTINGS
from exchanges.simulator.orders import Order
from exchanges.simulator.testing import RunningSimulator, running_simulator, wall_clock
from exchanges.tests.conftest import Connecting, order

KEY = "demo-alice"
BTC = "BTC/USDT"
NAMES = [name for name, facts in FACTS.items() if name in LISTINGS and not facts.testnet_of]


def only(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names, indirect=True)


STREAMED = only([name for name in NAMES if not FACTS[name].polled])
MINIMAL_COST = only([name for name in NAMES if name != "okx"])  # which knows a least quantity only
TELLS_RIGHTS = only([name for name in NAMES if not FACTS[name].attested])


class LateClock:
    """The exchange's clock, which a test may move on while a request waits."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return wall_clock() + self.ahead


@dataclass
class Scene:
    """One exchange of the simulator."""

    running: RunningSimulator
    name: str

    @property
    def exchange(self) -> Exchange:
        return self.running.exchanges[self.name]

    @property
    def faults(self) -> Faults:
        return self.running.faults

    @property
    def transport(self) -> dict[str, Any]:
        return self.running.transport

    @property
    def uid(self) -> int:
        return self.exchange.accounts.keys[KEY].uid

    def strike(self, kind: str, **options: Any) -> Fault:
        return self.faults.add(kind, self.name, **options)

    def on_book(self) -> list[str]:
        return [each.client_id for each in self.exchange.open_orders(self.uid)]

    def held(self, client_id: str = "agx1") -> Order | None:
        return self.exchange.find_order(self.uid, "BTCUSDT", None, client_id)

    def requests(self, cancels: bool = False) -> list[tuple[str, bool | None, str | None]]:
        """(client id, was it carried out, the fault that struck) of each new order received, or of each cancel.
        None: the exchange has not looked at it."""
        return [
            (each["clientOrderId"], _went_well(each), each["fault"])
            for each in self.exchange.journal.requests.of(KEY)
            if cancels == (each["method"] == "DELETE" or "cancel" in each["path"])
        ]


def _went_well(request: dict[str, Any]) -> bool | None:
    if request["status"] is None:
        return None
    answer = request["answer"]
    return request["status"] == 200 and str(answer.get("retCode", answer.get("code", 0))) == "0"


@pytest.fixture
def clock() -> LateClock:
    return LateClock()


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def sim(clock: LateClock, name: str) -> AsyncIterator[Scene]:
    async with running_simulator(seed=1, clock=clock) as running:
        running.exchanges[name].set_price("BTCUSDT", Decimal(60_000))
        yield Scene(running, name)


@pytest.fixture
async def alice(sim: Scene, connecting: Connecting) -> Any:
    connector = await connecting(
        sim.transport, Keys(KEY, "secret-of-alice", passphrase="phrase-of-alice"), exchange=sim.name
    )
    await connector.balances()  # its account exists
    return connector


async def place(connector: RestConnector, client_id: str = "agx1", **changes: Any) -> OrderReport:
    return await connector.create_order(order(client_id, **changes), await connector.exchange_time())


class Delay:
    """The fault's own, `delay_inside_window` or `delay_outside_window`: it lasts until the test ends it."""

    def __init__(self) -> None:
        self.end = asyncio.Event()

    async def sleep(self, _seconds: float) -> None:
        await self.end.wait()


@pytest.fixture
def delay(monkeypatch: pytest.MonkeyPatch) -> Delay:
    made = Delay()
    monkeypatch.setattr(faults_http, "asyncio", made)
    return made


async def eventually(holds: Callable[[], Any], seconds: float = 60) -> None:
    """For what no event tells: a connection that the server closes, a request that has arrived."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
