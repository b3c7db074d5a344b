"""The server: TLS for the wire of the exchanges, plain HTTP on another port for the control page."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.binance.rest import Rest
from exchanges.simulator.binance.streams import Streams
from exchanges.simulator.binance.user_data import UserData
from exchanges.simulator.certificates import ensure_certificates
from exchanges.simulator.exchange import Exchange

LOOPBACK = "127.0.0.1"


@dataclass
class Server:
    """`home` holds the certificates. Port 0 takes a free one; `port` and `control_port` then say which."""

    exchange: Exchange
    home: Path
    port: int = 0
    control_port: int = 0
    limits: Limits = field(default_factory=Limits)
    ca: Path = field(init=False)

    async def start(self) -> None:
        self.ca, certificate = ensure_certificates(self.home)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        streams = Streams(self.exchange)
        wire = web.Application(client_max_size=1 << 20)
        wire.add_routes(Rest(self.exchange, self.limits).routes())
        wire.add_routes(streams.routes())
        wire.add_routes(UserData(self.exchange, self.limits).routes())
        self._runners: list[web.AppRunner] = []
        self.port = await self._listen(wire, self.port, context)
        self._ticker = asyncio.create_task(streams.run())

    async def stop(self) -> None:
        self._ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticker
        for runner in self._runners:
            await runner.cleanup()

    async def _listen(self, app: web.Application, port: int, context: ssl.SSLContext | None) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, port, ssl_context=context)
        await site.start()
        self._runners.append(runner)
        return int(runner.addresses[0][1])
