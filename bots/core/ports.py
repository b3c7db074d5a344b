"""What the engine needs from outside. Live, simulated and backtest differ only in what stands behind these."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from bots.core.ledger import Position
from bots.core.orders import Order, PlannedOrder
from bots.core.slots import SlotState
from bots.core.strategies.base import Beginning, Grants, Memory
from bots.core.types import (
    Balance,
    Candle,
    Fill,
    Market,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Ticker,
)


class ExchangeError(Exception):
    """Base of everything a connector raises. `code` is the exchange's own code, `detail` a sentence fit for a
    user: never a URL, a signature or a key."""

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


class OrderRefused(ExchangeError):
    """The exchange certainly did not accept the order. `code` says why: insufficient_funds, filter, post_only,
    clock, duplicate_open, too_many_orders, invalid."""


class OutcomeUnknown(ExchangeError):
    """The order may or may not have been accepted: resolve it, never send it again."""


class DuplicateClientId(ExchangeError):
    """The exchange already has an open order with this client id: look it up."""


class RateLimited(ExchangeError):
    """Refused for the rate limit; nothing happened. Try again after `retry_after` seconds."""

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail, "rate_limited")
        self.retry_after = retry_after


class AccountRefused(ExchangeError):
    """Key revoked, IP changed, permission gone: stop the account and tell its user."""


class ExchangeUnavailable(ExchangeError):
    """A read or a cancel did not get through after its retries; asking again later is safe."""


class UnknownSymbol(ExchangeError):
    """The exchange does not list this symbol."""


class ExchangeConnector(Protocol):
    """One account on one exchange. Every call waits for the shared rate limiter itself, except `create_order`:
    its caller has called `reserve_order` before it wrote `sent_at` (architecture section 4)."""

    exchange: str
    resolve_delay_ms: int  # after timestamp + recvWindow, how long until "absent" can be believed

    async def market(self, symbol: str) -> Market:
        """Raises UnknownSymbol."""

    async def exchange_time(self) -> int:
        """The exchange's clock in ms, from the measured offset."""

    async def account_id(self) -> str:
        """The exchange's own id (UID) of the account behind the key."""

    async def ticker(self, symbol: str) -> Ticker: ...

    async def balances(self) -> dict[str, Balance]: ...

    async def reserve_order(self) -> None:
        """Waits until the rate limiter has room for one order."""

    async def create_order(self, order: OrderRequest, sent_at: int) -> OrderReport:
        """Sends exactly one POST, signed with the timestamp `sent_at`.

        Raises OrderRefused, DuplicateClientId, RateLimited, AccountRefused (nothing was accepted) or
        OutcomeUnknown (anything else)."""

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        """None where the exchange no longer has it open: ask `fetch_order` for its final state."""

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        """None where the exchange does not know it; one None proves nothing."""

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        """By the exchange's own id: tells whose order a trade belongs to. None as with `fetch_order`."""

    async def open_orders(self, symbol: str) -> list[OrderReport]: ...

    async def open_client_ids(self) -> frozenset[str] | None:
        """The client ids of the account's open orders in all markets, listed or not; None where the exchange does
        not tell of markets it no longer lists."""

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        """Every fill at or after `since` ms, all pages, oldest first."""

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        """Every fill of one order, oldest first."""

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        """1m candles from `start` ms on, oldest first; the still open one may be the last."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did: the order as it is now, and the sums that moved with it. `new` is false where a fill had
    been booked before: then it is what stands in the books."""

    order: Order
    slot: SlotState
    position: Position
    new: bool = True


class LeaseLost(Exception):
    """This process may no longer write for the bot; its runner ends at once."""


class OrderStore(Protocol):
    """The database of one bot. Every write is one transaction under the bot's lease token; all but `ingest`
    raise LeaseLost when the token is no longer current."""

    async def intend(self, orders: Sequence[PlannedOrder]) -> list[Order]:
        """Writes each order as pending, with its client id, before anything is sent."""

    async def mark_sent(self, order: Order, sent_at: int) -> Order | None:
        """Stamps a pending order that was never sent; None where it is not such an order any more."""

    async def record(
        self, order: Order, status: OrderStatus, exchange_id: str = "", reason: str = ""
    ) -> Change:
        """What the exchange said became of it. An illegal transition changes nothing."""

    async def give_up(self, orders: Sequence[Order]) -> Sequence[Change]:
        """`error`, never_sent, for orders that were never sent; all in one transaction."""

    async def ingest(self, fill: Fill) -> Change | None:
        """Books a fill once; None where it belongs to no order of this bot."""

    async def find(self, client_id: str) -> Order | None:
        """An order of this bot, whatever became of it."""

    async def known_ids(self, exchange_ids: Sequence[str]) -> set[str]:
        """Which of these exchange order ids, of this market, an order of any bot of the account has."""

    async def begin(self, beginning: Beginning) -> None: ...

    async def grant(self, grants: Grants) -> dict[int, SlotState]:
        """Gives base to slots, once a run."""

    async def remember(self, memory: Memory) -> None: ...

    async def explain(self, reasons: dict[int, str]) -> None:
        """Keeps for each slot why it has no order ("" where it has one)."""

    async def request_stop(self, reason: str, action: str, rule: str = "") -> None:
        """The bot stops itself: intent `stopped`. With a rule it is halted until reset."""

    async def finished(self, action: str) -> None:
        """The exchange shows no order of the bot any more, and `action` was carried out: it has stopped."""

    async def tell(self, kind: str, text: str, level: str = "info") -> None:
        """An event the user can read."""

    async def minute(self, time: int, equity: Decimal, realized: Decimal) -> None: ...
