"""Orders as the engine sees them: those a strategy wants, and those that are."""

from dataclasses import dataclass, replace
from decimal import Decimal

from bots.core.types import ZERO, OrderRequest, OrderStatus, OrderType, Side


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order that should be open now. `dust` is base the bot already holds that this buy counts on."""

    slot: int
    cycle: int
    side: Side
    type: OrderType
    price: Decimal | None  # None for a market order
    quantity: Decimal
    post_only: bool = False
    dust: Decimal = ZERO
    resize: bool = False  # replace the open order when its remaining quantity differs
    explained: bool = True  # by a start, a recovery, a cycle's progress or a deferral's end


@dataclass(frozen=True, slots=True)
class Order:
    """A row of the orders table."""

    id: str
    client_id: str
    slot: int
    cycle: int
    attempt: int
    side: Side
    type: OrderType
    price: Decimal | None
    quantity: Decimal
    status: OrderStatus
    exchange_id: str = ""
    filled: Decimal = ZERO
    sent_at: int | None = None
    post_only: bool = False
    reason: str = ""

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def is_unknown(self) -> bool:
        """Sent, and no answer that says what became of it."""
        return self.status is OrderStatus.PENDING and self.sent_at is not None

    @property
    def is_never_sent(self) -> bool:
        """An intent that no request ever left for."""
        return self.status is OrderStatus.PENDING and self.sent_at is None

    def sent(self, at: int) -> "Order":
        return replace(self, sent_at=at)

    def request(self, symbol: str) -> OrderRequest:
        return OrderRequest(
            symbol=symbol,
            side=self.side,
            type=self.type,
            quantity=self.quantity,
            price=self.price,
            client_id=self.client_id,
            post_only=self.post_only,
        )


# What may become of an order. An order that came to the exchange after all leaves ERROR (reason absent) again.
TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset(
        {OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.ERROR}
    ),
    OrderStatus.OPEN: frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED}),
    OrderStatus.FILLED: frozenset(),
    OrderStatus.CANCELLED: frozenset({OrderStatus.FILLED}),
    OrderStatus.ERROR: frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED}),
}


def may_become(current: OrderStatus, new: OrderStatus) -> bool:
    return new in TRANSITIONS[current]
