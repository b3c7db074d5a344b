"""What the connectors of one event loop share: session, rate limiter, markets and clocks."""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from django.conf import settings

from exchanges import egress
from exchanges.connector.client import Keys
from exchanges.connector.factory import connect
from exchanges.connector.markets import MarketCache
from exchanges.connector.rest import RestConnector
from exchanges.connector.transport import client_session
from exchanges.connector.venue import RETRY_DELAYS
from exchanges.limiter import SharedLimiter

PAGE_DELAYS = (0.5, 1.0)  # somebody waits


class Hub:
    def __init__(self, simulator: dict[str, Any] | None, pages: bool) -> None:
        self.simulator = simulator
        self._pages = pages
        # Each simulated exchange counts for itself, though all of them know the same accounts.
        self._prefix = "" if simulator is None else f"simulator:{simulator['port']}:"
        self._ways: dict[str, tuple[aiohttp.ClientSession, SharedLimiter]] = {}  # by their names
        self.session, self.limiter = self._way("")
        proxies = egress.proxies_of(settings.EXCHANGE_PROXIES) if simulator is None else {}
        by_proxy = {exchange: self._way(proxy) for exchange, proxy in proxies.items()}
        delays = PAGE_DELAYS if pages else RETRY_DELAYS
        self.markets = MarketCache(self.session, self.limiter, retry_delays=delays, by_proxy=by_proxy)
        self._public: dict[str, RestConnector] = {}

    def _way(self, proxy: str) -> tuple[aiohttp.ClientSession, SharedLimiter]:
        name = egress.name_of(proxy)
        if name not in self._ways:
            limiter = SharedLimiter(settings.REDIS_URL, egress=name, prefix=self._prefix, pages=self._pages)
            self._ways[name] = client_session(self.simulator, proxy), limiter
        return self._ways[name]

    def connect(self, exchange: str, keys: Keys | None = None) -> RestConnector:
        return connect(exchange, markets=self.markets, credentials=keys)

    def public(self, exchange: str) -> RestConnector:
        """A connector without keys that belongs to the hub: nobody else closes it."""
        if exchange not in self._public:
            self._public[exchange] = self.connect(exchange)
        return self._public[exchange]

    async def close(self) -> None:
        for connector in self._public.values():
            await connector.close()
        await self.markets.close()
        for session, limiter in self._ways.values():
            await limiter.close()
            await session.close()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


async def hub(*, pages: bool = False) -> Hub:
    """The running loop's; its first caller says whether it is for pages, which are less patient and wait in a share of
    their own. A simulator that moved, as in tests, makes a new one."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is not None and found.simulator == settings.EXCHANGE_SIMULATOR:
        return found
    _hubs[loop] = Hub(settings.EXCHANGE_SIMULATOR, pages)
    if found is not None:
        await found.close()
    return _hubs[loop]


async def close_hub() -> None:
    """Before the loop ends: whoever opened connectors in it calls this last."""
    found = _hubs.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.close()
