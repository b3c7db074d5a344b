"""What the exchange tells those who listen, after it is in the journal."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from exchanges.simulator.candles import Forming
from exchanges.simulator.orders import Order, Print, Status, Trade


class Execution(StrEnum):
    NEW = "NEW"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    TRADE = "TRADE"
    TRADE_PREVENTION = "TRADE_PREVENTION"


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """The order's state is copied: it may have moved on by the time this is told."""

    order: Order
    execution: Execution
    status: Status
    executed: Decimal
    quote: Decimal
    time: int
    trade: Trade | None = None
    cancel_id: str = ""  # the client id of the cancellation


@dataclass(frozen=True, slots=True)
class BalanceChanged:
    uid: int
    balances: dict[str, tuple[Decimal, Decimal]]  # asset: free, locked
    time: int


@dataclass(frozen=True, slots=True)
class Traded:
    trade: Print


@dataclass(frozen=True, slots=True)
class CandleClosed:
    symbol: str
    candle: Forming


@dataclass(frozen=True, slots=True)
class BookRead:
    """Somebody is about to see the whole book: those who tell its changes must be up to date with it."""

    symbol: str


Event = BookRead | OrderChanged | BalanceChanged | Traded | CandleClosed
