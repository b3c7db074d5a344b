"""Notices markets whose prices stopped, and asks the exchange for them until they flow again."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

import structlog

from bots.core.ports import ExchangeError
from bots.core.types import Ticker

log = structlog.get_logger(__name__)

STALE_AFTER = 10.0  # seconds without a price
Market = tuple[str, str]  # exchange, symbol
Fetch = Callable[[str, str], Awaitable[Ticker]]

POLL_EVERY = 3.0  # seconds between two requests for one silent market
_AT_ONCE = 4  # requests in flight
_LOG_EVERY = 60.0


class StalePrices:
    """`heard` must be called at each price of the feed. `deliver` gets the prices fetched instead; they do
    not end the silence."""

    def __init__(
        self,
        fetch: Fetch | None,
        deliver: Callable[[Market, Ticker], None],
        *,
        stale_after: float = STALE_AFTER,
        poll_every: float = POLL_EVERY,
    ) -> None:
        self._fetch, self._deliver = fetch, deliver
        self._stale_after, self._poll_every = stale_after, poll_every
        self._heard: dict[Market, float] = {}
        self._logged = -_LOG_EVERY

    def watch(self, market: Market) -> None:
        self._heard.setdefault(market, time.monotonic())

    def forget(self, market: Market) -> None:
        self._heard.pop(market, None)

    def heard(self, market: Market) -> None:
        self._heard[market] = time.monotonic()

    def is_stale(self, market: Market) -> bool:
        """Also true of a market that is not watched."""
        return time.monotonic() - self._heard.get(market, -math.inf) > self._stale_after

    def stale(self) -> list[Market]:
        return [market for market in self._heard if self.is_stale(market)]

    async def run(self) -> None:
        pause = min(1.0, self._stale_after / 4)
        while True:
            await asyncio.sleep(pause)
            if stale := self.stale():
                self._say(stale)
                await asyncio.gather(self._poll(stale), asyncio.sleep(self._poll_every))

    async def _poll(self, markets: list[Market]) -> None:
        if self._fetch is None:
            return
        room = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._poll_one(self._fetch, market, room) for market in markets))

    async def _poll_one(self, fetch: Fetch, market: Market, room: asyncio.Semaphore) -> None:
        async with room:
            try:
                ticker = await fetch(*market)
            except ExchangeError as error:
                log.debug("prices.fetch_failed", exchange=market[0], symbol=market[1], detail=error.detail)
                return
            if market in self._heard and self.is_stale(market):  # else the feed came back meanwhile
                self._deliver(market, ticker)

    def _say(self, stale: list[Market]) -> None:
        now = time.monotonic()
        if now - self._logged >= _LOG_EVERY:
            self._logged = now
            log.warning("prices.silent", count=len(stale), markets=[f"{e}:{s}" for e, s in stale[:5]])
