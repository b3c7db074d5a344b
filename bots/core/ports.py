"""What the engine needs from outside. Live, simulated and backtest differ only in what stands behind these."""

from typing import Protocol

from bots.core.types import Balance, Candle, Fill, Market, OrderReport, OrderRequest, Ticker


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

    def __init__(self, detail: str, retry_after: float = 1.0) -> None:
        super().__init__(detail, "rate_limited")
        self.retry_after = retry_after


class AccountRefused(ExchangeError):
    """Key revoked, IP changed, permission gone: stop the account and tell its user."""


class ExchangeUnavailable(ExchangeError):
    """A read or a cancel did not get through after its retries; asking again later is safe."""


class UnknownSymbol(ExchangeError):
    """The exchange does not list this symbol."""


class ExchangeConnector(Protocol):
    """One account on one exchange. Every call waits for the shared rate limiter itself, except `create_order`,
    whose caller has called `reserve_order` before it wrote `sent_at` (architecture section 4)."""

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
        """Sends exactly one POST, signed with the timestamp `sent_at`. Raises OrderRefused, DuplicateClientId,
        RateLimited, AccountRefused (nothing was accepted) or OutcomeUnknown (anything else)."""

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        """None where the exchange no longer has it open: ask `fetch_order` for its final state."""

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        """None where the exchange does not know it; one None proves nothing."""

    async def open_orders(self, symbol: str) -> list[OrderReport]: ...

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        """Every fill at or after `since` ms, all pages, oldest first."""

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        """Every fill of one order, oldest first."""

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        """1m candles from `start` ms on, oldest first; the still open one may be the last."""

    async def close(self) -> None: ...
