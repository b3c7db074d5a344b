"""The exchanges' wire in memory: the client's real HTTP and WebSocket code talks to the simulator's real server through
pipes that have latency, can be cut, and hold back what a frozen process would send."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

from exchanges.simulator.app import Server


class Plug(asyncio.Transport):
    """One end of a pipe. What was written arrives in order, each piece after its own delay."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any, delay: Callable[[], float]) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 443)})
        self.other: Plug
        self._loop, self._protocol, self._delay = loop, protocol, delay
        self._due = 0.0  # when the last piece on its way arrives
        self._closing = False
        self._lost = False
        self._paused = False
        self._waiting: list[Callable[[], None]] = []

    def get_protocol(self) -> Any:
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return not self._paused

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        waiting, self._waiting = self._waiting, []
        for arrival in waiting:
            arrival()

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing piles up."""

    def can_write_eof(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        if not self._closing:
            piece = bytes(data)
            self._send(lambda: self.other.receive(piece))

    def writelines(self, parts: Any) -> None:
        self.write(b"".join(parts))

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._send(self.other.lose)
            self._loop.call_soon(self.lose)

    abort = close

    def _send(self, arrival: Callable[[], None]) -> None:
        self._due = max(self._loop.time() + self._delay(), self._due + 1e-6)
        self._loop.call_at(self._due, arrival)

    def receive(self, data: bytes) -> None:
        if self._paused:
            self._waiting.append(lambda: self.receive(data))
        elif not self._lost:
            self._protocol.data_received(data)

    def lose(self) -> None:
        if self._paused and not self._closing:
            self._waiting.append(self.lose)
        elif not self._lost:
            self._lost = self._closing = True
            self._protocol.connection_lost(None)


class Pipes(aiohttp.BaseConnector):
    """Every host leads to the simulator. `plug` makes the client's end, so that its process can hold it."""

    def __init__(self, server: "MemoryServer", plug: Callable[[Any], Plug]) -> None:
        super().__init__(limit=0)
        self._server, self._plug = server, plug

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's name
        protocol = self._factory()
        near = self._plug(protocol)
        handler = self._server.accept()
        far = Plug(self._loop, handler, near._delay)
        near.other, far.other = far, near
        handler.connection_made(far)
        protocol.connection_made(near)
        return protocol


class MemoryServer(Server):
    """The simulator's server without sockets."""

    def accept(self) -> Any:
        return self._wire()

    async def _listen(self, app: web.Application, port: int, context: Any) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        if context is not None:
            self._wire: Any = runner.server
        return 0
