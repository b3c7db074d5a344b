"""What the bots of an account read of their exchange, asked once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bots.core.ports import ExchangeConnector
from bots.core.types import Balance, Fill, OrderReport

T = TypeVar("T")
KEPT = 5_000  # trades of a market that are kept for who asks for them a moment later


class _Round(Generic[T]):
    """One read: `began` (the loop's time) when it really went out, after the one before it."""

    def __init__(self, read: Callable[[], Awaitable[T]], after: "_Round[T] | None") -> None:
        self.began: float | None = None
        self.task = asyncio.ensure_future(self._run(read, after))
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _run(self, read: Callable[[], Awaitable[T]], after: "_Round[T] | None") -> T:
        if after is not None:
            await asyncio.wait([after.task])
        self.began = asyncio.get_running_loop().time()
        return await read()

    def tells_of(self, moment: float) -> bool:
        if self.task.done() and (self.task.cancelled() or self.task.exception() is not None):
            return False
        return self.began is None or self.began >= moment


class Shared(Generic[T]):
    """One read at a time. Who asks while one is under way shares the next, which begins after all who asked."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._rounds: list[_Round[T]] = []  # the last one that began, and the one that waits for its end

    async def get(self, not_before: float | None = None) -> T:
        """What a read answers that began at or after `not_before` (the loop's time; None: now)."""
        moment = asyncio.get_running_loop().time() if not_before is None else not_before
        found = next((each for each in self._rounds if each.tells_of(moment)), None)
        if found is None:
            found = _Round(self._read, self._rounds[-1] if self._rounds else None)
            self._rounds = [*self._rounds[-1:], found]
        return await asyncio.shield(found.task)

    def close(self) -> None:
        for each in self._rounds:
            each.task.cancel()


class _Fills:
    """The trades of one market; a read goes back as far as any of those who share it needs."""

    def __init__(self, connector: ExchangeConnector, symbol: str) -> None:
        self._connector, self._symbol = connector, symbol
        self._since: int | None = None
        self._last: tuple[float, int, list[Fill]] | None = None  # when it began, since when, what it found
        self.shared = Shared(self._read)

    async def get(self, since: int, not_before: float | None) -> list[Fill]:
        found = self._kept(since, not_before)
        if found is None:
            self._since = since if self._since is None else min(since, self._since)
            found = await self.shared.get()
        return [fill for fill in found if fill.time >= since]

    def _kept(self, since: int, not_before: float | None) -> list[Fill] | None:
        if self._last is None or not_before is None:
            return None
        began, back_to, found = self._last
        return found if began >= not_before and back_to <= since else None

    async def _read(self) -> list[Fill]:
        since, self._since = self._since or 0, None
        began = asyncio.get_running_loop().time()
        found = await self._connector.fills(self._symbol, since)
        self._last = (began, since, found) if len(found) <= KEPT else None
        return found


class AccountReads:
    """Raises what the connector raises; a read that failed is nobody's answer but of those who waited for it."""

    def __init__(self, connector: ExchangeConnector) -> None:
        self.connector = connector
        self._open: dict[str, Shared[list[OrderReport]]] = {}
        self._fills: dict[str, _Fills] = {}
        self._owners: dict[tuple[str, str], OrderReport] = {}
        self._balances = Shared(self._read_balances)

    async def open_orders(self, symbol: str, not_before: float | None = None) -> list[OrderReport]:
        if symbol not in self._open:
            self._open[symbol] = Shared(lambda: self.connector.open_orders(symbol))
        return await self._open[symbol].get(not_before)

    async def fills(self, symbol: str, since: int, not_before: float | None = None) -> list[Fill]:
        if symbol not in self._fills:
            self._fills[symbol] = _Fills(self.connector, symbol)
        return await self._fills[symbol].get(since, not_before)

    async def balances(self, not_before: float | None = None) -> dict[str, Balance]:
        return await self._balances.get(not_before)

    async def _read_balances(self) -> dict[str, Balance]:
        return await self.connector.balances()

    async def owner(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        """The order a trade belongs to; None where the exchange does not know it (yet)."""
        key = (symbol, exchange_order_id)
        if key not in self._owners:
            report = await self.connector.order_by_id(symbol, exchange_order_id)
            if report is None:
                return None
            self._owners[key] = report
        return self._owners[key]

    def close(self) -> None:
        for each in self._open.values():
            each.close()
        for fills in self._fills.values():
            fills.shared.close()
        self._balances.close()
