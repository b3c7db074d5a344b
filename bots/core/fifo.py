"""First in, first out: which bought coins a sale disposes of, as tax authorities ask. Amounts are of the quote coin.

A fee makes what is bought dearer and what is sold earn less. One that was taken in the coin itself is already seen in
the smaller quantity that arrived, or the larger one that left."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from bots.core.types import ZERO, Side

PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Trade:
    """`pool` names what is counted together: the coins of one market in one account. `fee_quote` is the fee's worth in
    the quote coin, `fee_base` how much of the coin itself it took."""

    time: int
    pool: tuple[str, str]
    side: Side
    price: Decimal
    quantity: Decimal
    fee_quote: Decimal
    fee_base: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Disposal:
    """A sale, or the part of it that came from one lot. `bought_at` and `cost` are None for coins nobody saw bought.
    `fees`, of its purchase and its sale, are in cost and proceeds already."""

    pool: tuple[str, str]
    sold_at: int
    bought_at: int | None
    quantity: Decimal
    proceeds: Decimal
    cost: Decimal | None
    fees: Decimal

    @property
    def gain(self) -> Decimal | None:
        return None if self.cost is None else self.proceeds - self.cost


@dataclass(slots=True)
class _Lot:
    time: int
    quantity: Decimal
    cost: Decimal
    fee: Decimal

    def take(self, quantity: Decimal) -> tuple[Decimal, Decimal]:
        """Cost and fee of that part."""
        cost, fee = (_part(whole, quantity, self.quantity) for whole in (self.cost, self.fee))
        self.quantity -= quantity
        self.cost -= cost
        self.fee -= fee
        return cost, fee


def _part(whole: Decimal, quantity: Decimal, of: Decimal) -> Decimal:
    """All that is left when all of it is taken, so that no cent is lost to rounding."""
    return whole if quantity == of else (whole * quantity / of).quantize(PLACES)


def disposals(trades: Iterable[Trade]) -> Iterator[Disposal]:
    """Of trades in the order they were made."""
    pools: dict[tuple[str, str], deque[_Lot]] = {}
    for trade in trades:
        lots = pools.setdefault(trade.pool, deque())
        if trade.side is Side.BUY:
            arrived = trade.quantity - trade.fee_base
            cost = trade.price * trade.quantity + (ZERO if trade.fee_base else trade.fee_quote)
            if arrived > 0:
                lots.append(
                    _Lot(trade.time, arrived, cost.quantize(PLACES), trade.fee_quote.quantize(PLACES))
                )
        else:
            yield from _sold(trade, lots)


def _sold(trade: Trade, lots: deque[_Lot]) -> Iterator[Disposal]:
    left = trade.quantity + trade.fee_base
    worth = trade.price * trade.quantity - (ZERO if trade.fee_base else trade.fee_quote)
    proceeds, fee = worth.quantize(PLACES), trade.fee_quote.quantize(PLACES)
    while left > 0:
        lot = lots[0] if lots else None
        part = min(left, lot.quantity) if lot else left
        earned, paid = (_part(whole, part, left) for whole in (proceeds, fee))
        cost, bought_for = lot.take(part) if lot else (None, ZERO)
        yield Disposal(
            trade.pool, trade.time, lot.time if lot else None, part, earned, cost, paid + bought_for
        )
        left, proceeds, fee = left - part, proceeds - earned, fee - paid
        if lot and not lot.quantity:
            lots.popleft()
