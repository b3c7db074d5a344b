"""Unmodified ccxt clients, under the exchange's real host names, against a simulator in this process."""

import ssl
from collections.abc import AsyncIterator, Callable

import aiohttp
import ccxt.pro
import pytest

from exchanges.connector.transport import SimulatorResolver, client_session
from exchanges.simulator.certificates import DOMAINS
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.testing import RunningSimulator, running_simulator

OPTIONS = {
    "fetchMarkets": {"types": ["spot"]},
    "fetchCurrencies": False,
    "fetchMargins": False,
    "recvWindow": 60_000,  # the longest that is allowed
}

Clients = Callable[..., ccxt.pro.binance]


def stop(exchange: Exchange, *clients: ccxt.pro.binance) -> int:
    """Of the exchange and these clients the clock stands from now on: no minute, second or window of a limit ends."""
    now = exchange.clock()
    exchange.clock = lambda: now
    for client in clients:
        client.nonce = lambda: now
    return now


@pytest.fixture
async def sim() -> AsyncIterator[RunningSimulator]:
    async with running_simulator() as running:
        yield running


@pytest.fixture
async def session(sim: RunningSimulator) -> AsyncIterator[aiohttp.ClientSession]:
    """To every host that the simulator has a certificate for."""
    resolver = SimulatorResolver(sim.transport)
    resolver._domains = list(DOMAINS)
    trust = ssl.create_default_context(cafile=sim.transport["ca"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust, resolver=resolver)) as session:
        yield session


async def _clients(sim: RunningSimulator) -> AsyncIterator[Clients]:
    session = client_session(sim.transport)
    made: list[ccxt.pro.binance] = []

    def make(
        api_key: str = "demo-alice", secret: str = "secret of alice", **config: object
    ) -> ccxt.pro.binance:
        if api_key not in sim.exchange.accounts.keys:
            sim.exchange.create_account(api_key, secret)
        keys = {"apiKey": api_key, "secret": secret}
        made.append(
            ccxt.pro.binance(
                {**keys, "session": session, "enableRateLimit": False, "timeout": 60_000, "options": OPTIONS}
                | config
            )
        )
        return made[-1]

    yield make
    for client in made:
        await client.close()
    await session.close()


@pytest.fixture
async def clients(sim: RunningSimulator) -> AsyncIterator[Clients]:
    async for make in _clients(sim):
        yield make


@pytest.fixture
async def alice(clients: Clients) -> ccxt.pro.binance:
    client = clients()
    await client.load_markets()
    return client
