"""The ledger of one bot: what its fills did to cash, base, cost and realised profit, to the last digit.

Cost is a total, not an average: a sale removes round8(cost * q / Q) of it, all of it when q = Q.
So `cash + cost = investment + realized` holds after every fill.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from bots.core.rounding import round8
from bots.core.types import ZERO, Fill, Market, Side


@dataclass(frozen=True, slots=True)
class Booking:
    """A fill with its fee in the quote coin at the time of the fill, and that fee's parts by where it was taken."""

    fill: Fill
    fee_quote: Decimal

    @property
    def key(self) -> tuple[int, int, str]:
        """Fills are booked in this order; trade ids are numbers on most exchanges, and then compared as such."""
        return (self.fill.time, len(self.fill.trade_id), self.fill.trade_id)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one fill moves: base and quote with their signs, fees included."""

    base: Decimal
    quote: Decimal
    expense: Decimal  # a fee in a third asset, in quote: no part of the cost


@dataclass(frozen=True, slots=True)
class Position:
    cash: Decimal
    base: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    trades: int = 0
    last: tuple[int, int, str] = (0, 0, "")

    @property
    def average_cost(self) -> Decimal | None:
        """Quote per base, None where nothing is held."""
        return round8(self.cost / self.base) if self.base > 0 else None

    def equity(self, mark: Decimal) -> Decimal:
        return round8(self.cash + self.base * mark)

    def unrealized(self, mark: Decimal, investment: Decimal) -> Decimal:
        """What is left of equity - investment after the realised part, so that the two always add up."""
        return self.equity(mark) - investment - self.realized


def fee_in_quote(fill: Fill, market: Market, third_asset_price: Decimal | None = None) -> Decimal:
    """The fee in quote. `third_asset_price` is quote per unit of a fee asset that is neither base nor quote;
    without it such a fee counts as nothing (it is still stored as it is)."""
    if fill.fee_asset == market.quote:
        return fill.fee
    if fill.fee_asset == market.base:
        return round8(fill.fee * fill.price)
    return round8(fill.fee * (third_asset_price or ZERO))


def effect(booking: Booking, market: Market) -> Effect:
    fill = booking.fill
    base_fee = fill.fee if fill.fee_asset == market.base else ZERO
    quote_fee = fill.fee if fill.fee_asset == market.quote else ZERO
    expense = ZERO if base_fee or quote_fee else booking.fee_quote
    value = round8(fill.price * fill.quantity)
    if fill.side is Side.BUY:
        return Effect(fill.quantity - base_fee, -(value + quote_fee), expense)
    return Effect(-(fill.quantity + base_fee), value - quote_fee, expense)


def cost_removed(position: Position, sold: Decimal) -> Decimal:
    if sold >= position.base:
        return position.cost
    return round8(position.cost * sold / position.base)


def book(position: Position, booking: Booking, market: Market) -> Position:
    """The position after one fill. Fills must come in the order of `Booking.key`; `fold` sorts them."""
    moved = effect(booking, market)
    cost, realized = position.cost, position.realized - moved.expense
    if moved.base >= 0:
        cost += -moved.quote
    else:
        removed = cost_removed(position, -moved.base)
        cost -= removed
        realized += moved.quote - removed
    fees = dict(position.fees)
    if booking.fill.fee:
        fees[booking.fill.fee_asset] = fees.get(booking.fill.fee_asset, ZERO) + booking.fill.fee
    return replace(
        position,
        cash=position.cash + moved.quote - moved.expense,
        base=position.base + moved.base,
        cost=cost,
        realized=realized,
        fees=fees,
        trades=position.trades + 1,
        last=booking.key,
    )


def fold(investment: Decimal, bookings: Iterable[Booking], market: Market) -> Position:
    """The ledger from scratch: any order and any duplication of the fills gives the same position."""
    unique = {(b.fill.trade_id, b.fill.exchange_order_id): b for b in bookings}
    position = Position(cash=investment)
    for booking in sorted(unique.values(), key=lambda b: (b.key, b.fill.exchange_order_id)):
        position = book(position, booking, market)
    return position


class PositionManager:
    """Keeps the current position of one bot beside its investment."""

    def __init__(self, investment: Decimal, position: Position | None = None) -> None:
        self.investment = investment
        self.position = position or Position(cash=investment)

    def equity(self, mark: Decimal) -> Decimal:
        return self.position.equity(mark)

    def unrealized(self, mark: Decimal) -> Decimal:
        return self.position.unrealized(mark, self.investment)
