"""One exchange as all connectors of an event loop share it: its limits, its clock, and how to ask it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import aiohttp

from bots.core import ports
from exchanges.connector import errors
from exchanges.connector.client import CALL, Call, new_client
from exchanges.connector.clock import ExchangeClock
from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.public import Limits, PublicWire
from exchanges.limiter import Limiter, Rate

RETRY_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)
ORDER_PATIENCE = 10.0
PATIENCE = 60.0  # a read waits out a Retry-After up to this, a longer one is told to the caller

T = TypeVar("T")


class Venue:
    def __init__(
        self,
        facts: ExchangeFacts,
        wire: PublicWire,
        *,
        session: aiohttp.ClientSession,
        limiter: Limiter,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self.facts = facts
        self.wire = wire
        self.session = session
        self.limiter = limiter
        self.client = new_client(facts, session=session, keys=None)
        self.clock = self.client.clock = ExchangeClock(self._ask_time)
        self.weight_limit, self.order_limit = facts.weight_limit, facts.order_limit
        self.order_patience = ORDER_PATIENCE
        self._retry_delays = retry_delays

    async def ask(self, what: str, send: Callable[[], Awaitable[T]], *, urgent: bool = False) -> T:
        """A read or a cancel, asked again while that may help. Raises Missing, UnknownSymbol, AccountRefused
        and, when nothing came through, ExchangeUnavailable."""
        resynced, delays = False, iter(self._retry_delays)
        while True:
            await self.limiter.acquire(self._rate(what, urgent))
            outcome = await self.once(Call(), send, errors.sort_read)
            if not isinstance(outcome, ports.ExchangeError):
                return outcome
            if isinstance(outcome, errors.ClockOff) and not resynced:
                resynced = True
                await self.clock.measure()
                continue
            wait = await self._wait(outcome, next(delays, None))
            if wait is None:
                raise _for_caller(outcome)
            await asyncio.sleep(wait)

    async def once(
        self,
        call: Call,
        send: Callable[[], Awaitable[T]],
        sort: Callable[[ExchangeFacts, Call, Exception], ports.ExchangeError],
    ) -> T | ports.ExchangeError:
        """One request. The error is returned, not raised: ccxt's own, which holds the signed URL, must not
        travel as its context."""
        token = CALL.set(call)
        try:
            return await send()
        except Exception as problem:  # noqa: BLE001 - whatever ccxt and aiohttp raise is sorted
            return sort(self.facts, call, problem)
        finally:
            CALL.reset(token)

    async def reserve_order(self, account: str) -> None:
        """Waits until one more order of this account may go out. Raises RateLimited where that takes too long: its
        bot has fills to take in meanwhile."""
        facts, rate = self.facts, self._rate("create", urgent=True)
        orders = replace(
            rate, account=account, order_limit=self.order_limit, order_seconds=facts.order_seconds
        )
        try:
            async with asyncio.timeout(self.order_patience):
                await self.limiter.acquire(orders)
        except TimeoutError:
            raise ports.RateLimited("orders are placed at the pace the exchange allows") from None

    async def may_connect(self, kind: str) -> None:
        """Waits until the exchange lets this address open one more connection of this kind."""
        rate = self._rate("connect", urgent=False)
        await self.limiter.acquire(replace(rate, sockets=kind, sockets_per_5m=self.facts.sockets_per_5m))

    async def slow_down(self, error: ports.RateLimited, account: str = "") -> None:
        """Tells every process, before the next of them runs into it."""
        of_account = error.code == "order_rate"
        await self.limiter.pause(self.facts.id, error.retry_after, account if of_account else "")

    def take_limits(self, limits: Limits) -> None:
        self.weight_limit = limits.weight or self.weight_limit
        self.order_limit = limits.orders or self.order_limit

    async def close(self) -> None:
        await self.client.close()

    async def _wait(self, error: ports.ExchangeError, delay: float | None) -> float | None:
        """Seconds until it is worth asking again; None: not at all."""
        if isinstance(error, ports.RateLimited):
            await self.slow_down(error)
            return None if delay is None or error.retry_after > PATIENCE else 0.0  # the limiter holds us back
        if isinstance(error, errors.Transient):
            return delay
        return None

    def _rate(self, what: str, urgent: bool) -> Rate:
        facts = self.facts
        return Rate(facts.id, facts.weights[what], self.weight_limit, facts.weight_seconds, urgent=urgent)

    async def _ask_time(self) -> int:
        return await self.ask("time", lambda: self.wire.time(self.client))


def _for_caller(error: ports.ExchangeError) -> ports.ExchangeError:
    """Why asking did not work is our matter; the caller learns that it did not."""
    if isinstance(error, errors.Transient | errors.ClockOff | ports.RateLimited):
        return ports.ExchangeUnavailable(error.detail, error.code)
    return error
