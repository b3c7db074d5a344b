"""What the open sockets of one process share: one reader of their users' events, one price bus with one subscription
a market, and one pulse that says which of them are open. One hub per event loop, for as long as there are sockets."""

import asyncio
import logging
from collections import defaultdict
from typing import Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings

from bots.core.types import Ticker
from bots.services import live
from marketdata.bus import PriceBus
from marketdata.subscriptions import Subscriptions

logger = logging.getLogger(__name__)
STAY_EVERY = live.WATCH_SECONDS / 3  # seconds
TOGETHER = 100  # sockets in one trip to Redis
PATIENCE = 30.0  # seconds until Redis has confirmed the reader

Market = tuple[str, str]


class Socket(Protocol):
    name: str

    @property
    def user_id(self) -> UUID: ...

    def hear(self, told: live.Told) -> None:
        """Must not block."""


class Price:
    """The newest price of a market, written once for all its sockets."""

    def __init__(self, market: Market, bus: PriceBus) -> None:
        self.market = market
        self.ticker: Ticker | None = None
        self.followers = 0
        self._begun = ""
        self.end = bus.subscribe(*market, self.take)

    def take(self, ticker: Ticker) -> None:
        self.ticker, self._begun = ticker, ""

    def text(self, number: int) -> str:
        if not self._begun and self.ticker is not None:
            exchange, symbol = self.market
            event = {"type": "price", "exchange": exchange, "symbol": symbol, "price": self.ticker.price}
            self._begun = live.unnumbered({**event, "time": self.ticker.time})
        return live.numbered(self._begun, number)


class Hub:
    def __init__(self) -> None:
        self._sockets: defaultdict[str, set[Socket]] = defaultdict(set)
        self._channel = live.channel(settings.REDIS_URL)
        self._events = Subscriptions(url=None, wanted=lambda: {self._channel}, heard=self._hear)
        self._bus = PriceBus()
        self._prices: dict[Market, Price] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self._bus.start()
        self._tasks = [asyncio.create_task(work()) for work in (self._events.run, self._pulse)]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.close()

    async def enter(self, socket: Socket) -> None:
        """From now on the socket hears all its user's events. Raises TimeoutError without Redis."""
        self._sockets[socket.user_id.hex].add(socket)
        async with asyncio.timeout(PATIENCE):
            await self._events.complete.wait()

    def leave(self, socket: Socket) -> None:
        others = self._sockets[socket.user_id.hex]
        others.discard(socket)
        if not others:
            del self._sockets[socket.user_id.hex]

    def follow(self, market: Market) -> Price:
        """Followed by one `forget`."""
        price = self._prices.get(market)
        if price is None:
            price = self._prices[market] = Price(market, self._bus)
        price.followers += 1
        return price

    def forget(self, price: Price) -> None:
        price.followers -= 1
        if not price.followers:
            del self._prices[price.market]
            price.end()

    def _hear(self, _channel: str, message: bytes) -> None:
        """One message's fault is not the next one's."""
        try:
            for told in live.told_in(message):
                for socket in self._sockets.get(told.user, ()):
                    socket.hear(told)
        except Exception:
            logger.exception("live_event_malformed")

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(STAY_EVERY)
            every = [(each.user_id, each.name) for own in self._sockets.values() for each in own]
            for start in range(0, len(every), TOGETHER):
                await asyncio.to_thread(live.stay, every[start : start + TOGETHER])


class _Shared:
    def __init__(self) -> None:
        self.hub = Hub()
        self.sockets = 0


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared] = WeakKeyDictionary()


async def join() -> Hub:
    """The running loop's hub. Every `join` is followed by one `part`."""
    loop = asyncio.get_running_loop()
    shared = _shared.setdefault(loop, _Shared())
    shared.sockets += 1
    if shared.sockets == 1:
        await shared.hub.start()
    return shared.hub


async def part() -> None:
    loop = asyncio.get_running_loop()
    shared = _shared[loop]
    shared.sockets -= 1
    if not shared.sockets:
        del _shared[loop]  # before the wait: who joins meanwhile gets a hub of his own
        await shared.hub.close()
