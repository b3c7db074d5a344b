from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import pytest

from bots.core.types import OrderRequest, OrderType, Side
from exchanges.connector.client import Keys
from exchanges.connector.factory import connect
from exchanges.connector.markets import MarketCache
from exchanges.connector.rest import RestConnector
from exchanges.connector.transport import client_session
from exchanges.limiter import Rate
from exchanges.tests.wire import Wire, fake_wire

SECRET = "secret-of-alice-0123456789abcdefghijklmnop"
KEY = "demo-alice-key-0123456789abcdefghijklmnop"


ALICE = Keys(KEY, SECRET, "uid-1")


class FreeLimiter:
    """Lets everything pass and notes who was told to pause."""

    def __init__(self) -> None:
        self.pauses: list[tuple[str, float, str]] = []
        self.taken: list[Rate] = []

    async def acquire(self, rate: Rate) -> None:
        self.taken.append(rate)

    async def pause(self, exchange: str, seconds: float, account: str = "") -> None:
        self.pauses.append((exchange, seconds, account))

    async def close(self) -> None:
        pass


Connecting = Callable[..., Any]


@pytest.fixture
def limiter() -> FreeLimiter:
    return FreeLimiter()


@pytest.fixture
async def connecting(limiter: FreeLimiter) -> AsyncIterator[Connecting]:
    """`await connecting(transport, keys=...)`: a connector to that server, closed after the test."""
    async with AsyncExitStack() as stack:

        async def to(
            transport: dict[str, Any],
            keys: Keys | None = ALICE,
            delays: Any = (0.0,) * 5,
            exchange: str = "binance",
        ) -> RestConnector:
            session = await stack.enter_async_context(client_session(transport))
            cache = MarketCache(session, limiter, retry_delays=delays)
            stack.push_async_callback(cache.close)
            connector = connect(exchange, markets=cache, credentials=keys)
            stack.push_async_callback(connector.close)
            await connector.markets.ready()
            return connector

        yield to


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with fake_wire() as server:
        yield server


def order(client_id: str = "agx1", **changes: Any) -> OrderRequest:
    values: dict[str, Any] = {
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": Decimal("0.00100"),
        "price": Decimal("50000.00"),
        "client_id": client_id,
        "post_only": True,
    }
    return OrderRequest(**values | changes)


def accepted(client_id: str = "agx1", **changes: Any) -> dict[str, Any]:
    """The exchange's reply to `order()`."""
    return {
        "symbol": "BTCUSDT",
        "orderId": 28,
        "clientOrderId": client_id,
        "transactTime": 1_700_000_000_000,
        "price": "50000.00000000",
        "origQty": "0.00100000",
        "executedQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT_MAKER",
        "side": "BUY",
    } | changes
