"""The nouns of trading, as immutable values. Money is Decimal; times are milliseconds since 1970 UTC."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"


class OrderStatus(StrEnum):
    """`PENDING` with `sent_at` set means *unknown*: it may or may not be on the exchange."""

    PENDING = "pending"
    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    ERROR = "error"

    @property
    def is_live(self) -> bool:
        return self in (OrderStatus.PENDING, OrderStatus.OPEN)


class Liquidity(StrEnum):
    MAKER = "maker"
    TAKER = "taker"


@dataclass(frozen=True, slots=True)
class Market:
    """An exchange's rules for one symbol. Order books, fees and filters differ by symbol."""

    symbol: str  # unified: BTC/USDT
    base: str
    quote: str
    tick: Decimal  # price step
    lot: Decimal  # quantity step
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional: Decimal  # price * quantity, in quote
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    max_orders: int = 200  # open orders an account may hold in this symbol
    market_lot: Decimal = ZERO  # quantity step of market orders; 0: as lot
    market_max_quantity: Decimal = ZERO  # 0: as max_quantity
    min_price_ratio: Decimal = Decimal("0.2")  # a limit price below ratio * market price is refused
    max_price_ratio: Decimal = Decimal(5)
    fee_in_base_on_buy: bool = True


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What goes to the exchange. `price` is None for a market order."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    client_id: str
    post_only: bool = False


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the exchange tells it, by reply, query or stream."""

    client_id: str
    exchange_id: str
    symbol: str
    side: Side
    status: OrderStatus  # OPEN, FILLED, CANCELLED (expired too), ERROR (rejected)
    quantity: Decimal
    filled: Decimal  # executed base quantity, gross of fees
    price: Decimal | None
    time: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of one of our orders. (symbol, trade_id, exchange_order_id) is unique in an account."""

    trade_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal  # base, gross of fees
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    time: int
    client_id: str = ""  # "" where the exchange does not say; then map by exchange_order_id


@dataclass(frozen=True, slots=True)
class Balance:
    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Ticker:
    symbol: str
    price: Decimal
    bid: Decimal
    ask: Decimal
    time: int


@dataclass(frozen=True, slots=True)
class Candle:
    time: int  # open time
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
