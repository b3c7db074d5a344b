"""An order book with price-time priority: who trades with whom, at what price, how much. It knows neither accounts
nor fees nor clocks: the simulated exchange, paper trading and exact backtests bring those."""

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from bots.core.types import ZERO, Side


@dataclass(slots=True, eq=False)
class BookOrder:
    """`price` None is a market order: it takes any price and never rests. Two orders of one owner never trade with
    each other; the owner None trades with everybody, itself included."""

    id: int
    side: Side
    price: Decimal | None
    quantity: Decimal  # what is still open; shrinks as it executes
    owner: Hashable = None


@dataclass(frozen=True, slots=True)
class Execution:
    """Always at the price of the maker, the order that was there first."""

    maker: BookOrder
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    executions: list[Execution] = field(default_factory=list)
    expired: list[BookOrder] = field(
        default_factory=list
    )  # makers removed instead of trading with their owner


class _Half:
    """One side of the book. Keys rise with attractiveness (asks are negated), so the best is always last."""

    def __init__(self, side: Side) -> None:
        self._sign = 1 if side is Side.BUY else -1
        self._keys: list[Decimal] = []
        self._levels: dict[Decimal, dict[int, BookOrder]] = {}  # a dict keeps the order of arrival

    def add(self, order: BookOrder, price: Decimal) -> None:
        key = price * self._sign
        if key not in self._levels:
            insort(self._keys, key)
            self._levels[key] = {}
        self._levels[key][order.id] = order

    def remove(self, order: BookOrder, price: Decimal) -> None:
        key = price * self._sign
        level = self._levels[key]
        del level[order.id]
        if not level:
            del self._levels[key]
            del self._keys[bisect_left(self._keys, key)]

    def best(self) -> BookOrder | None:
        return next(iter(self._levels[self._keys[-1]].values())) if self._keys else None

    def best_price(self) -> Decimal | None:
        return self._keys[-1] * self._sign if self._keys else None

    def reached_by(self, limit: Decimal | None) -> bool:
        """Would an opposite order with this limit trade here?"""
        return bool(self._keys) and (limit is None or self._keys[-1] >= limit * self._sign)

    def levels(self) -> Iterator[tuple[Decimal, list[BookOrder]]]:
        return ((key * self._sign, list(self._levels[key].values())) for key in reversed(self._keys))


class OrderBook:
    """Invariant between calls: the best bid is below the best ask."""

    def __init__(self, lot: Decimal) -> None:
        self.lot = lot
        self._halves = {side: _Half(side) for side in Side}
        self._orders: dict[int, BookOrder] = {}

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._orders

    def __len__(self) -> int:
        return len(self._orders)

    def best(self, side: Side) -> Decimal | None:
        return self._halves[side].best_price()

    def crosses(self, side: Side, price: Decimal) -> bool:
        """Would a new order match at once?"""
        return self._halves[side.opposite].reached_by(price)

    def depth(self, side: Side, limit: int) -> list[tuple[Decimal, Decimal]]:
        """(price, total quantity) of the `limit` best levels, best first."""
        levels = zip(range(limit), self._halves[side].levels(), strict=False)
        return [(price, sum((order.quantity for order in orders), ZERO)) for _, (price, orders) in levels]

    def orders(self, side: Side) -> Iterator[BookOrder]:
        """In the order in which they would execute."""
        return (order for _, orders in self._halves[side].levels() for order in orders)

    def submit(self, taker: BookOrder, *, rest: bool = True) -> Outcome:
        """Executes what crosses, then rests what remains of a limit order, unless `rest` is false (immediate or
        cancel). `taker.quantity` is what remains afterwards."""
        outcome = Outcome()
        half = self._halves[taker.side.opposite]
        while taker.quantity > 0 and half.reached_by(taker.price):
            maker = half.best()
            assert maker is not None  # noqa: S101 - reached_by saw it
            assert maker.price is not None  # noqa: S101 - what rests has a price
            if taker.owner is not None and maker.owner == taker.owner:
                self.cancel(maker.id)
                outcome.expired.append(maker)
                continue
            quantity = min(taker.quantity, maker.quantity)
            outcome.executions.append(Execution(maker, maker.price, quantity))
            taker.quantity -= quantity
            maker.quantity -= quantity
            if not maker.quantity:
                self.cancel(maker.id)
        if rest and taker.quantity > 0 and taker.price is not None:
            self.rest(taker)
        return outcome

    def rest(self, order: BookOrder) -> None:
        """Puts a limit order that crosses nothing into the book, behind its equals."""
        if order.price is None or order.id in self._orders:
            raise ValueError("only a limit order that is not in the book yet can rest")
        self._orders[order.id] = order
        self._halves[order.side].add(order, order.price)

    def cancel(self, order_id: int) -> BookOrder | None:
        order = self._orders.pop(order_id, None)
        if order is not None and order.price is not None:
            self._halves[order.side].remove(order, order.price)
        return order

    def execute(self, order_id: int, quantity: Decimal) -> Execution:
        """Takes this much of a resting order, whatever its place in the queue. KeyError where it does not rest."""
        maker = self._orders[order_id]
        if maker.price is None or not 0 < quantity <= maker.quantity:
            raise ValueError("only what rests can execute")
        maker.quantity -= quantity
        if not maker.quantity:
            self.cancel(order_id)
        return Execution(maker, maker.price, quantity)

    def preview(
        self,
        side: Side,
        *,
        quantity: Decimal | None = None,
        quote: Decimal | None = None,
        owner: Hashable = None,
    ) -> tuple[Decimal, Decimal]:
        """What a market order would execute now, as (base quantity, quote amount): at most `quantity`, or the whole
        lots that `quote` pays for. Changes nothing."""
        total, cost = ZERO, ZERO
        for maker in self.orders(side.opposite):
            if owner is not None and maker.owner == owner:
                continue
            assert maker.price is not None  # noqa: S101 - what rests has a price
            take = maker.quantity if quantity is None else min(maker.quantity, quantity - total)
            if quote is not None:
                lots = ((quote - cost) / maker.price / self.lot).to_integral_value(ROUND_DOWN)
                take = min(take, lots * self.lot)
            if take <= 0:
                break
            total += take
            cost += take * maker.price
        return total, cost
