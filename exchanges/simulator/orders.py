"""An order, an execution and a print, as the exchange remembers them. Times are ms since 1970 UTC."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bots.core.types import ZERO, Side


class Status(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"  # what a market or immediate order could not execute
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"  # removed rather than traded with its own account

    @property
    def is_open(self) -> bool:
        return self in (Status.NEW, Status.PARTIALLY_FILLED)


class Kind(StrEnum):
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What an account asks for. A market order has a quantity or a quote quantity."""

    symbol: str
    side: Side
    kind: Kind
    client_id: str
    price: Decimal | None = None
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    time_in_force: str = "GTC"  # GTC, IOC or FOK


@dataclass(slots=True, eq=False)
class Order:
    id: int
    uid: int
    symbol: str
    client_id: str
    side: Side
    kind: Kind
    time_in_force: str
    price: Decimal  # 0 for market orders
    quantity: Decimal
    quote_quantity: Decimal  # asked for; 0 where a quantity was
    time: int
    update_time: int
    status: Status = Status.NEW
    executed: Decimal = ZERO
    quote: Decimal = ZERO  # executed

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed


@dataclass(frozen=True, slots=True)
class Trade:
    """One account's side of a match. Trade ids count per symbol; both sides share theirs."""

    symbol: str
    id: int
    order_id: int
    uid: int
    side: Side
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    is_maker: bool
    time: int

    @property
    def quote(self) -> Decimal:
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class Print:
    """One match as everybody sees it."""

    symbol: str
    id: int
    price: Decimal
    quantity: Decimal
    time: int
    buyer_is_maker: bool
