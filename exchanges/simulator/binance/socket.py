"""A client's WebSocket: what it is told goes through a queue, so that a slow reader holds up nobody."""

import asyncio
import contextlib
from collections.abc import Callable

from aiohttp import WSMsgType, web

from exchanges.simulator.faults import Faults
from exchanges.simulator.faults_frames import Frames

PING_SECONDS = 20
MAX_WAITING = 20_000


class Socket:
    def __init__(self, faults: Faults, exchange: str) -> None:
        self._ws = web.WebSocketResponse(heartbeat=PING_SECONDS)
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._request: web.Request | None = None
        self.events = Frames(faults, exchange, self.send, self.drop)  # what is not the answer to a request

    def send(self, message: bytes) -> None:
        if self._queue.qsize() < MAX_WAITING:
            self._queue.put_nowait(message)

    def drop(self) -> None:
        """Without a goodbye."""
        if self._request is not None and self._request.transport is not None:
            self._request.transport.abort()

    async def serve(self, request: web.Request, on_text: Callable[[str], None]) -> web.WebSocketResponse:
        """Until the client goes, or reads no more."""
        self._request = request
        await self._ws.prepare(request)
        reader = asyncio.create_task(self._read(on_text))
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reader, writer):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await task
        await self._ws.close()
        return self._ws

    async def _read(self, on_text: Callable[[str], None]) -> None:
        async for message in self._ws:
            if message.type is WSMsgType.TEXT:
                on_text(message.data)

    async def _write(self) -> None:
        """Ends when too much is waiting: as Binance does, hang up on who does not read."""
        while self._queue.qsize() < MAX_WAITING:
            await self._ws.send_str((await self._queue.get()).decode())
