"""What the connectors of all exchanges share. Each family adds its endpoints and its mapping."""

import contextlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from bots.core import ports
from bots.core.types import Balance, Candle, Fill, Market, OrderReport, OrderRequest, Ticker
from exchanges.connector import errors
from exchanges.connector.client import Call, Keys, new_client
from exchanges.connector.markets import Markets
from exchanges.connector.public import KeyFacts

MOST_PLACED = 1000  # kept for who polls; nobody takes them where there is a stream

T = TypeVar("T")


class RestConnector(ABC):
    """One account on one exchange, or public data without keys: `bots.core.ports.ExchangeConnector`."""

    def __init__(self, markets: Markets, keys: Keys | None) -> None:
        self.markets = markets
        self.venue = markets.venue
        self.exchange = self.venue.facts.id
        self.resolve_delay_ms = self.venue.facts.resolve_delay_ms
        self.keys = keys
        self.client = new_client(self.venue.facts, session=self.venue.session, keys=keys)
        self.client.clock = self.venue.clock
        self._placed: deque[OrderReport] = deque(maxlen=MOST_PLACED)

    async def market(self, symbol: str) -> Market:
        await self.markets.ready()
        return self.markets.get(symbol)

    async def tradable(self) -> list[Market]:
        """Every market open for trade."""
        await self.markets.ready()
        return self.markets.trading()

    async def exchange_time(self) -> int:
        await self.venue.clock.ready()
        return self.venue.clock.now()

    async def account_id(self) -> str:
        return (await self.key_facts()).account_uid

    @abstractmethod
    async def key_facts(self) -> KeyFacts:
        """What the key may do, and whose it is."""

    @abstractmethod
    async def balances(self) -> dict[str, Balance]: ...

    @abstractmethod
    async def ticker(self, symbol: str) -> Ticker: ...

    @abstractmethod
    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]: ...

    async def reserve_order(self) -> None:
        await self.markets.ready()
        await self.venue.reserve_order(self.key_pair().account)

    async def create_order(self, order: OrderRequest, sent_at: int) -> OrderReport:
        keys = self.key_pair()
        self.markets.get(order.symbol)
        outcome = await self.venue.once(
            Call(timestamp=sent_at), lambda: self._post(order), errors.sort_create
        )
        if isinstance(outcome, OrderReport):
            self._placed.append(outcome)
            return outcome
        if isinstance(outcome, ports.RateLimited):
            await self.venue.slow_down(outcome, keys.account)
        elif outcome.code == "filter":
            self.markets.doubt()
        elif outcome.code == "clock":
            with contextlib.suppress(ports.ExchangeError):
                await self.venue.clock.measure()
        raise outcome

    def take_placed(self, symbol: str) -> dict[str, OrderReport]:
        """What was accepted since the last call, by client id: an order may be gone before anybody sees it open."""
        mine = {report.client_id: report for report in self._placed if report.symbol == symbol}
        self._placed = deque((each for each in self._placed if each.symbol != symbol), maxlen=MOST_PLACED)
        return mine

    @abstractmethod
    async def _post(self, order: OrderRequest) -> OrderReport:
        """One POST. Raises whatever comes of it; also where the answer does not name this order."""

    @abstractmethod
    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None: ...

    @abstractmethod
    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None: ...

    @abstractmethod
    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None: ...

    @abstractmethod
    async def open_orders(self, symbol: str) -> list[OrderReport]: ...

    @abstractmethod
    async def open_client_ids(self) -> frozenset[str] | None: ...

    @abstractmethod
    async def fills(self, symbol: str, since: int) -> list[Fill]: ...

    @abstractmethod
    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]: ...

    async def close(self) -> None:
        await self.client.close()

    async def _private(
        self, what: str, endpoint: str, read: Callable[[Any], T], *, urgent: bool = False, **params: Any
    ) -> T:
        """An endpoint of ccxt's, by its name."""
        self.key_pair()
        await self.venue.clock.ready()
        return await self._public(what, endpoint, read, urgent=urgent, **params)

    async def _public(
        self, what: str, endpoint: str, read: Callable[[Any], T], *, urgent: bool = False, **params: Any
    ) -> T:
        """`read` makes values of the answer; an answer it cannot read counts as none."""
        method = getattr(self.client, endpoint)

        async def send() -> T:
            return read(await method(params))

        return await self.venue.ask(what, send, urgent=urgent)

    async def _id(self, symbol: str) -> str:
        await self.markets.ready()
        return self.markets.id_of(symbol)

    def key_pair(self) -> Keys:
        """Raises AccountRefused."""
        if self.keys is None:
            raise ports.AccountRefused("This connection has no API key.", "no_key")
        return self.keys
