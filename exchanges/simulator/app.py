"""The server: TLS for the wire of the exchanges, plain HTTP on another port for the control page."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.certificates import ensure_certificates
from exchanges.simulator.control import Control
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.hosting import LEADER, LISTINGS
from exchanges.simulator.market import Market
from exchanges.simulator.wire import Wire

LOOPBACK = "127.0.0.1"


@dataclass
class Server:
    """`home` holds the certificates. Port 0 takes a free one; `port` and `control_port` then say which. The prices of
    an exchange without a market only move when accounts or tests move them. `limits` are those of Binance."""

    exchanges: Mapping[str, Exchange]
    home: Path
    markets: Sequence[Market] = ()
    port: int = 0
    control_port: int = 0
    limits: Limits = field(default_factory=Limits)
    ca: Path = field(init=False)
    faults: Faults = field(init=False)
    wires: dict[str, Wire] = field(default_factory=dict, init=False)  # once it has started
    _runners: list[web.AppRunner] = field(default_factory=list, init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        first = next(iter(self.exchanges.values()))  # all have one clock and seed
        self.faults = Faults(first.clock, first.seed)

    async def start(self) -> None:
        self.ca, certificate = ensure_certificates(self.home)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        self.wires = {
            name: LISTINGS[name].wire(exchange, self.faults, self.limits if name == LEADER else None)
            for name, exchange in self.exchanges.items()
        }
        self.port = await self._listen(_by_host(self.wires), self.port, context)
        control = Control(self.exchanges, self.faults)
        self.control_port = await self._listen(control.app(), self.control_port, None)
        background = [wire.run() for wire in self.wires.values()] + [market.run() for market in self.markets]
        self._tasks = [asyncio.create_task(each) for each in (*background, self._keep_time())]

    async def wait(self) -> None:
        """Returns, or raises, when a part of the server ends by itself."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A TLS connection closes by a handshake whose other side may be gone: those left are cut, so that none
        # outlives the loop.
        open_ones = [each.transport for runner in self._runners for each in runner.server.connections]  # type: ignore[union-attr]
        for runner in self._runners:
            await runner.cleanup()
        for transport in filter(None, open_ones):
            transport.abort()
        await asyncio.sleep(0)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(1)
            for exchange in self.exchanges.values():
                exchange.roll()

    async def _listen(self, app: web.Application, port: int, context: ssl.SSLContext | None) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, port, ssl_context=context)
        await site.start()
        self._runners.append(runner)
        return int(runner.addresses[0][1])


def _by_host(wires: Mapping[str, Wire]) -> web.Application:
    """Each exchange answers under its own hosts. One socket serves them all, as a reverse proxy would."""
    app = web.Application(client_max_size=1 << 20)
    for name, listing in LISTINGS.items():
        if name in wires:
            part = web.Application()
            part.add_routes(wires[name].routes())
            for host in listing.hosts:
                app.add_domain(host, part)
    return app
