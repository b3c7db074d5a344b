"""Unmodified ccxt clients of MEXC, under its real host name."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import ccxt.pro
import pytest

from exchanges.simulator.exchange import Exchange
from exchanges.simulator.testing import RunningSimulator

from exchanges.simulator.tests.conftest import session, sim  # noqa: F401, isort: skip - fixtures

Clients = Callable[..., ccxt.pro.mexc]


@pytest.fixture
def mexc(sim: RunningSimulator) -> Exchange:  # noqa: F811
    return sim.exchanges["mexc"]


@pytest.fixture
async def clients(mexc: Exchange, session: aiohttp.ClientSession) -> AsyncIterator[Clients]:  # noqa: F811
    made: list[ccxt.pro.mexc] = []

    def make(api_key: str = "demo-alice", secret: str = "secret of alice", **config: object) -> ccxt.pro.mexc:
        if api_key not in mexc.accounts.keys:
            mexc.create_account(api_key, secret)
        keys = {"apiKey": api_key, "secret": secret, "session": session, "enableRateLimit": False}
        made.append(ccxt.pro.mexc(keys | {"timeout": 60_000, "options": {"recvWindow": 60_000}} | config))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture
async def alice(clients: Clients) -> ccxt.pro.mexc:
    client = clients()
    await client.load_markets()
    return client


def near(mexc: Exchange, factor: float) -> float:
    venue = mexc.venue("BTCUSDT")
    return float(venue.rules.on_tick(float(venue.price) * factor))
