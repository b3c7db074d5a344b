"""Prices straight from the exchanges, for when the bus is silent."""

import asyncio

from bots.core.ports import ExchangeConnector
from bots.core.types import Ticker
from exchanges.services import open_public


class PublicPrices:
    """`PriceBus(fetch=PublicPrices().fetch)`. Opens one connector without keys per exchange, when first
    needed."""

    def __init__(self) -> None:
        self._connectors: dict[str, ExchangeConnector] = {}
        self._opening = asyncio.Lock()

    async def fetch(self, exchange: str, symbol: str) -> Ticker:
        async with self._opening:
            if exchange not in self._connectors:
                self._connectors[exchange] = await open_public(exchange)
        return await self._connectors[exchange].ticker(symbol)

    async def close(self) -> None:
        for connector in self._connectors.values():
            await connector.close()
