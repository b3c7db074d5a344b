"""A WebSocket that is opened again whenever it ends."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import orjson

from bots.core import ports
from exchanges.connector import errors

log = logging.getLogger(__name__)

HEARTBEAT = 15.0  # a dead connection shows within this and a half of it
OPEN_TIMEOUT = 10.0
RECONNECT_DELAYS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
STEADY = 60.0  # a connection that held so long makes the next reconnect prompt again


class BadFrame(Exception):
    """No JSON, or not what it claims to be: what followed it may be as broken."""


# What ends a connection but not the stream.
ENDINGS = (aiohttp.ClientError, OSError, TimeoutError, BadFrame, ports.ExchangeError)


@contextmanager
def reading() -> Iterator[None]:
    """Whatever goes wrong while a message is made into values is the message's fault."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise BadFrame(type(error).__name__) from None


@asynccontextmanager
async def websocket(
    session: aiohttp.ClientSession, url: str
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with asyncio.timeout(OPEN_TIMEOUT):
        ws = await session.ws_connect(url, heartbeat=HEARTBEAT, max_msg_size=2**22)
    try:
        yield ws
    finally:
        await ws.close()


async def messages(ws: aiohttp.ClientWebSocketResponse) -> AsyncIterator[Any]:
    """Every message as JSON until the connection ends, which raises."""
    async for frame in ws:
        if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            break
        with reading():
            message = orjson.loads(frame.data)
        yield message
    raise ConnectionError(f"The connection ended with code {ws.close_code}.")


async def keep_alive(ws: aiohttp.ClientWebSocketResponse, every: float) -> None:
    """The pings of exchanges that do not count those of the protocol."""
    while not ws.closed:
        await asyncio.sleep(every)
        await ws.send_str('{"op":"ping"}')


async def forever(name: str, connection: Callable[[], Awaitable[None]]) -> None:
    """Runs one connection after the other, with growing pauses while they fail. AccountRefused ends it."""
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        opened = loop.time()
        try:
            await connection()
        except ports.AccountRefused:
            raise
        except ENDINGS as error:
            log.info("%s: %s", name, errors.clean(str(error)) or type(error).__name__)
        failures = 0 if loop.time() - opened > STEADY else failures + 1
        await asyncio.sleep(RECONNECT_DELAYS[min(failures, len(RECONNECT_DELAYS) - 1)])
