"""Candles for tests, and a public connector that answers from memory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bots.core.ports import ExchangeUnavailable
from bots.core.types import Candle, Ticker

MINUTE = 60_000
NOON = 1_722_859_200_000  # 2024-08-05 12:00 UTC


def candle(time: int, close: str = "100", **numbers: str) -> Candle:
    values = {"open": "100", "high": "110", "low": "90", "volume": "1.5"} | numbers | {"close": close}
    return Candle(time, **{name: Decimal(value) for name, value in values.items()})


def minutes(start: int, count: int) -> list[Candle]:
    return [candle(start + step * MINUTE, close=str(95 + step % 10)) for step in range(count)]


def ticker(symbol: str = "BTC/USDT", price: str = "50000", time: int = NOON) -> Ticker:
    return Ticker(symbol, Decimal(price), Decimal(price) - 1, Decimal(price) + 1, time)


async def eventually(holds: Callable[[], Awaitable[Any]], seconds: float = 60) -> None:
    """For what happens beyond this process's events: in the database, in Redis, on a server."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@dataclass
class FakeConnector:
    """Has the candles it is given; `page` bounds how many it hands out at once."""

    candles_held: list[Candle] = field(default_factory=list)
    now: int = NOON
    page: int = 1000
    exchange: str = "binance"
    asked: list[int] = field(default_factory=list)
    down: bool = False

    async def exchange_time(self) -> int:
        return self.now

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        if self.down:
            raise ExchangeUnavailable("away")
        self.asked.append(start)
        later = [each for each in self.candles_held if each.time >= start]
        return later[: min(limit, self.page)]

    async def ticker(self, symbol: str) -> Ticker:
        return ticker(symbol)

    async def close(self) -> None:
        pass
