"""What happens to an account's orders, as it happens.

Connections are read here rather than through ccxt's `watch_*`: those hand over a cache between two awaits,
hang on a malformed frame and notice a dead pipe late. Addresses and signatures are ccxt's."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from bots.core.ports import RateLimited
from bots.core.types import Fill, OrderReport
from exchanges.connector import errors, socket
from exchanges.connector.client import Call
from exchanges.connector.rest import RestConnector

REPLY_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class StreamReset:
    """The stream is live from here on; what came before is to be asked by REST."""


Event = OrderReport | Fill | StreamReset
OnEvent = Callable[[Event], None]
Symbols = Callable[[], set[str]]  # whose orders are of interest now


class AccountStream(ABC):
    """One per account and process, over a WebSocket."""

    def __init__(self, connector: RestConnector, symbols: Symbols = set) -> None:
        """A socket tells of all symbols; who is polled asks for `symbols` alone."""
        self._connector = connector
        self._symbols = symbols
        self._venue = connector.venue
        self._markets = connector.markets

    async def run(self, on_event: OnEvent) -> None:
        """Until cancelled. The fill of an execution comes before the order's new state. Raises AccountRefused
        when the exchange refuses the key."""

        async def connection() -> None:
            await self._connection(on_event)

        await socket.forever(f"account stream of {self._venue.facts.name}", connection)

    @abstractmethod
    async def _connection(self, on_event: OnEvent) -> None:
        """One connection until it ends, which raises. Says StreamReset when it is live."""

    async def _refused(self, status: int, error: Any) -> None:
        """Raises for an answer that is a refusal, as if it had come by REST."""
        call = Call(status=status, body=orjson.dumps(error).decode())
        sorted_as = errors.sort_read(self._venue.facts, call, Exception())
        if isinstance(sorted_as, errors.ClockOff):
            await self._venue.clock.measure()
        if isinstance(sorted_as, RateLimited):
            await self._venue.slow_down(sorted_as)
        raise sorted_as
