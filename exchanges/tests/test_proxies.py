"""The operator's proxies: which exchange goes which way, what it counts as, and that no password is told."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from exchanges import egress
from exchanges.connector.client import Keys
from exchanges.connector.factory import account_stream, connect
from exchanges.connector.facts import FACTS
from exchanges.connector.markets import MarketCache
from exchanges.connector.stream import StreamReset
from exchanges.connector.transport import client_session
from exchanges.hub import close_hub, hub
from exchanges.simulator.testing import running_simulator
from exchanges.tests.conftest import FreeLimiter
from exchanges.tests.test_streams import Heard, running

ONE, OTHER = "http://alice:pass@10.0.0.1:3128", "https://10.0.0.2:8443"


class Proxy:
    """Carries what it is asked to CONNECT to; `asked` is every host with the credentials it came with."""

    def __init__(self, to: dict[str, Any]) -> None:
        self.to = to
        self.asked: list[tuple[str, str]] = []
        self._busy: set[asyncio.Task[Any]] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        sent = dict(line.split(": ", 1) for line in lines[1:] if line)
        self.asked.append((lines[0].split()[1], sent.get("Proxy-Authorization", "")))
        there, out = await asyncio.open_connection(self.to["host"], self.to["port"])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(carry(reader, out), carry(there, writer))


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.fixture
async def sim() -> AsyncIterator[Any]:
    async with running_simulator() as running_one:
        yield running_one


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
async def test_requests_and_streams_go_by_the_proxy_with_its_password(sim: Any, exchange: str) -> None:
    proxy = Proxy(sim.transport)
    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    url = f"http://alice:pass@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    heard, limiter = Heard(), FreeLimiter()
    async with client_session(sim.transport) as direct, client_session(sim.transport, url) as session:
        cache = MarketCache(direct, limiter, by_proxy={exchange: (session, limiter)})
        connector = connect(exchange, markets=cache, credentials=Keys("demo-alice", "secret"))
        assert (await connector.balances())["USDT"].free == 100_000
        async with running(account_stream(connector, set).run(heard)):
            await heard.until(lambda events: events == [StreamReset()])
        await connector.close()
        await cache.close()
    server.close()
    hosts = {host for host, _ in proxy.asked}
    assert all(host.split(":")[0].endswith(FACTS[exchange].domains[0]) for host in hosts)
    assert len(hosts) >= 2, "REST and stream"
    assert {word for _, word in proxy.asked} == {f"Basic {b64encode(b'alice:pass').decode()}"}


def test_a_proxy_is_for_all_or_for_one_exchange_and_its_testnet() -> None:
    assert egress.proxies_of([]) == {}
    assert egress.proxies_of([ONE]) == dict.fromkeys(FACTS, ONE)
    found = egress.proxies_of([ONE, f"bybit={OTHER}"])
    assert (found["binance"], found["bybit"], found["bybit-testnet"]) == (ONE, OTHER, OTHER)
    assert egress.proxies_of([f"mexc={OTHER}"]) == {"mexc": OTHER}


@pytest.mark.parametrize(
    "entry", ["socks5://me:secret@host:1", "http://secret", "kraken=http://secret:1", "secret"]
)
def test_what_is_no_proxy_is_refused_without_repeating_it(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        egress.proxies_of([entry])
    assert "secret" not in str(raised.value)


async def test_each_way_out_has_limits_of_its_own(settings: Any) -> None:
    settings.EXCHANGE_SIMULATOR = None
    settings.EXCHANGE_PROXIES = [f"bybit={ONE}", f"mexc={ONE}"]
    found = await hub()
    ways = {name: found.markets.of(name).venue for name in ("binance", "bybit", "mexc")}
    assert ways["binance"].session is found.session
    assert ways["bybit"].session is ways["mexc"].session is not found.session
    assert ways["bybit"].limiter._egress == "10.0.0.1:3128"  # type: ignore[attr-defined]
    assert found.limiter._egress == egress.DIRECT
    await close_hub()
    assert ways["bybit"].session.closed
