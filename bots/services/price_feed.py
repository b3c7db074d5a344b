"""Prices for open pages: one price bus per event loop, for as long as somebody listens."""

import asyncio
from weakref import WeakKeyDictionary

from marketdata.bus import PriceBus


class _Shared:
    def __init__(self) -> None:
        self.bus = PriceBus()
        self.listeners = 0


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared] = WeakKeyDictionary()


async def join() -> PriceBus:
    """The running loop's bus. Every `join` is followed by one `leave`."""
    loop = asyncio.get_running_loop()
    shared = _shared.setdefault(loop, _Shared())
    shared.listeners += 1
    if shared.listeners == 1:
        await shared.bus.start()
    return shared.bus


async def leave() -> None:
    loop = asyncio.get_running_loop()
    shared = _shared[loop]
    shared.listeners -= 1
    if not shared.listeners:
        del _shared[loop]  # before the wait: who joins meanwhile gets a bus of his own
        await shared.bus.close()
