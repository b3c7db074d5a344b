"""Unmodified ccxt clients of Bybit, under its real host names."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import ccxt.pro
import pytest

from exchanges.simulator.exchange import Exchange
from exchanges.simulator.testing import RunningSimulator

from exchanges.simulator.tests.conftest import session, sim  # noqa: F401, isort: skip - fixtures

Clients = Callable[..., ccxt.pro.bybit]


@pytest.fixture
def bybit(sim: RunningSimulator) -> Exchange:  # noqa: F811
    return sim.exchanges["bybit"]


@pytest.fixture
async def clients(bybit: Exchange, session: aiohttp.ClientSession) -> AsyncIterator[Clients]:  # noqa: F811
    made: list[ccxt.pro.bybit] = []

    def make(
        api_key: str = "demo-alice", secret: str = "secret of alice", **config: object
    ) -> ccxt.pro.bybit:
        if api_key not in bybit.accounts.keys:
            bybit.create_account(api_key, secret)
        keys = {"apiKey": api_key, "secret": secret, "session": session, "enableRateLimit": False}
        options = {"fetchMarkets": {"types": ["spot"]}, "defaultType": "spot", "recvWindow": 60_000}
        made.append(ccxt.pro.bybit(keys | {"timeout": 60_000, "options": options} | config))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture
async def alice(clients: Clients) -> ccxt.pro.bybit:
    client = clients()
    await client.load_markets()
    return client


def near(bybit: Exchange, factor: float) -> float:
    venue = bybit.venue("BTCUSDT")
    return float(venue.rules.on_tick(float(venue.price) * factor))
