"""Prices of one exchange on their way to the bus, conflated."""

import asyncio

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bots.core.types import Ticker
from marketdata.bus import publish_tickers
from marketdata.staleness import Fetch, StalePrices

log = structlog.get_logger(__name__)

_PAUSE = 0.05  # seconds between two publications: at most 20 a second for a symbol


class PriceFeed:
    """Whoever falls silent on the stream is asked for by REST until it speaks again."""

    def __init__(self, exchange: str, redis: Redis, fetch: Fetch) -> None:
        self._exchange, self._redis = exchange, redis
        self._newest: dict[str, Ticker] = {}
        self._news = asyncio.Event()
        self._away = False
        self.stale = StalePrices(fetch, lambda _market, ticker: self._offer(ticker))

    def on_ticker(self, ticker: Ticker) -> None:
        self.stale.heard((self._exchange, ticker.symbol))
        self._offer(ticker)

    def watch(self, symbol: str) -> None:
        self.stale.watch((self._exchange, symbol))

    def forget(self, symbol: str) -> None:
        self.stale.forget((self._exchange, symbol))

    async def publish(self) -> None:
        """The first news goes out at once, what follows within the pause goes together."""
        while True:
            await self._news.wait()
            self._news.clear()
            tickers, self._newest = self._newest, {}
            try:
                await publish_tickers(self._redis, self._exchange, tickers.values())
                self._away = False
            except (RedisError, OSError) as error:
                self._say_away(error)
            await asyncio.sleep(_PAUSE)

    def _offer(self, ticker: Ticker) -> None:
        self._newest[ticker.symbol] = ticker
        self._news.set()

    def _say_away(self, error: Exception) -> None:
        if not self._away:
            log.warning("collector.redis_away", exchange=self._exchange, error=type(error).__name__)
        self._away = True
