"""The paper connector's store: its transactions in a few threads, for code on an event loop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, close_old_connections

from bots.core.ports import ExchangeUnavailable
from bots.core.types import Balance, Fill, Market, OrderReport, OrderRequest, Ticker
from exchanges.connector.paper import Changes, Clock, Step
from exchanges.models import Credential
from exchanges.paper import trading

T = TypeVar("T")

_THREADS = ThreadPoolExecutor(2, thread_name_prefix="paper-db")


class DatabaseStore:
    """Implements `exchanges.connector.paper.PaperStore`."""

    def __init__(self, credential: Credential) -> None:
        self._id = credential.pk
        self.account_id = credential.account_uid

    async def balances(self) -> dict[str, Balance]:
        return await self._run(trading.balances)

    async def place(
        self, order: OrderRequest, market: Market, ticker: Ticker, clock: Clock, deadline: int
    ) -> OrderReport:
        return await self._run(
            trading.place, order=order, market=market, ticker=ticker, clock=clock, deadline=deadline
        )

    async def cancel(self, market: Market, client_id: str, clock: Clock) -> OrderReport | None:
        return await self._run(trading.cancel, market=market, client_id=client_id, clock=clock)

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        return await self._run(trading.find, symbol=symbol, client_id=client_id)

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self._run(trading.by_id, symbol=symbol, exchange_order_id=exchange_order_id)

    async def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        return await self._run(trading.open_orders, symbol=symbol)

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        return await self._run(trading.fills, symbol=symbol, since=since)

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        return await self._run(trading.order_fills, symbol=symbol, exchange_order_id=exchange_order_id)

    async def settle(self, market: Market, steps: Sequence[Step], seen: int | None) -> None:
        await self._run(trading.settle, market=market, steps=steps, seen=seen)

    async def seen(self, symbol: str) -> int | None:
        return await self._run(trading.seen, symbol=symbol)

    async def changes(self, since: int) -> Changes:
        return await self._run(trading.changes, since=since)

    async def revision(self) -> int:
        return await self._run(trading.revision)

    async def _run(self, work: Callable[..., T], **values: Any) -> T:
        """A cancelled caller does not stop a transaction half-way."""
        job = partial(_in_thread, partial(work, self._id, **values))
        return await asyncio.get_running_loop().run_in_executor(_THREADS, job)


def _in_thread(work: Callable[[], T]) -> T:
    try:
        return work()
    except (DatabaseError, InterfaceError) as error:
        detail = f"The paper account's database did not answer ({type(error).__name__})."
        raise ExchangeUnavailable(detail, "database") from None
    finally:
        close_old_connections()
