"""Exchanges for synchronous code: pages, API, pre-flight. Answers within seconds or raises the errors of
`bots.core.ports`. Not for code on an event loop, which it would block."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bots.core.ports import UnknownSymbol
from bots.core.types import Candle, Market, Ticker
from exchanges import background
from exchanges.connector.client import Keys
from exchanges.connector.facts import FACTS
from exchanges.connector.rest import RestConnector
from exchanges.hub import hub

T = TypeVar("T")

SECONDS = 10.0


def market_of(exchange: str, symbol: str) -> Market:
    return _ask(exchange, lambda connector: connector.market(symbol))


def symbols_of(exchange: str) -> list[Market]:
    """Every market open for trade."""
    return _ask(exchange, lambda connector: connector.tradable())


def ticker_of(exchange: str, symbol: str) -> Ticker:
    return _ask(exchange, lambda connector: connector.ticker(symbol))


def fetch_candles(exchange: str, symbol: str, start_ms: int, limit: int = 1000) -> list[Candle]:
    """1m candles from `start_ms` on."""
    return _ask(exchange, lambda connector: connector.candles(symbol, start_ms, limit))


def ask_as(exchange: str, keys: Keys, question: Callable[[RestConnector], Awaitable[T]]) -> T:
    """One question to an account, over a connector of its own."""

    async def answer() -> T:
        connector = (await hub(pages=True)).connect(exchange, keys)
        try:
            return await question(connector)
        finally:
            await connector.close()

    return background.run(answer, SECONDS)


def _ask(exchange: str, question: Callable[[RestConnector], Awaitable[T]]) -> T:
    if exchange not in FACTS:
        raise UnknownSymbol("This exchange is not supported.", "unsupported_exchange")

    async def answer() -> T:
        return await question((await hub(pages=True)).public(exchange))

    return background.run(answer, SECONDS)
