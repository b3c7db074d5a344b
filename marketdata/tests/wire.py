"""A door in front of Redis that a test can shut."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings


class Door:
    def __init__(self) -> None:
        self._target = urlsplit(settings.REDIS_URL)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        account = self._target.netloc.rpartition("@")[0]
        netloc = f"{account}@127.0.0.1:{self._port}" if account else f"127.0.0.1:{self._port}"
        return urlunsplit(self._target._replace(netloc=netloc))

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._target.hostname or "localhost", self._target.port or 6379
        there_reader, there_writer = await asyncio.open_connection(host, port)
        self._writers |= {writer, there_writer}
        with suppress(OSError):
            await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        self._writers -= {writer, there_writer}
        for each in (writer, there_writer):
            each.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
