"""A client's WebSocket: what it is told goes through a queue, so that a slow reader holds up nobody."""

import asyncio
import contextlib
from collections.abc import Callable

from aiohttp import WSMsgType, web

PING_SECONDS = 20
MAX_WAITING = 20_000


class Socket:
    def __init__(self) -> None:
        self._ws = web.WebSocketResponse(heartbeat=PING_SECONDS)
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()

    def send(self, message: bytes) -> None:
        if self._queue.qsize() < MAX_WAITING:
            self._queue.put_nowait(message)

    async def serve(self, request: web.Request, on_text: Callable[[str], None]) -> web.WebSocketResponse:
        """Until the client goes, or reads no more."""
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
