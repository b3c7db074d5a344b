"""Unmodified ccxt clients of OKX, under its real host name."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import ccxt.pro
import pytest

from exchanges.simulator.exchange import Exchange
from exchanges.simulator.testing import RunningSimulator

from exchanges.simulator.tests.conftest import session, sim  # noqa: F401, isort: skip - fixtures

Clients = Callable[..., ccxt.pro.okx]


@pytest.fixture
def okx(sim: RunningSimulator) -> Exchange:  # noqa: F811
    return sim.exchanges["okx"]


@pytest.fixture
async def clients(okx: Exchange, session: aiohttp.ClientSession) -> AsyncIterator[Clients]:  # noqa: F811
    made: list[ccxt.pro.okx] = []

    def make(api_key: str = "demo-alice", secret: str = "secret of alice", **config: object) -> ccxt.pro.okx:
        if api_key not in okx.accounts.keys:
            okx.create_account(api_key, secret)
        keys = {"apiKey": api_key, "secret": secret, "password": "phrase", "session": session}
        options = {"fetchMarkets": {"types": ["spot"]}, "defaultType": "spot"}
        made.append(
            ccxt.pro.okx(keys | {"enableRateLimit": False, "timeout": 60_000, "options": options} | config)
        )
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture
async def alice(clients: Clients) -> ccxt.pro.okx:
    client = clients()
    await client.load_markets()
    return client


def near(okx: Exchange, factor: float) -> float:
    venue = okx.venue("BTCUSDT")
    return float(venue.rules.on_tick(float(venue.price) * factor))
