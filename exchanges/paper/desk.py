"""A paper account's dealings in one market, in memory: what is accepted, what fills, what moves where.

It decides as a real exchange would, by the real market's rules, and knows neither database nor clock. Its
fills are whole: public prices do not tell how much could have been had at them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from bots.core.matching import BookOrder, OrderBook
from bots.core.ports import DuplicateClientId, OrderRefused
from bots.core.rounding import EIGHT, round8
from bots.core.types import (
    ZERO,
    Liquidity,
    Market,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    Ticker,
)
from exchanges.connector.paper import Step
from exchanges.paper import rules

ENDLESS = Decimal(10) ** 20  # more than any account buys
HOUSE = 0  # in the book: the market itself; own orders count from 1
OWN = "own"


@dataclass(slots=True)
class Funds:
    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(slots=True, eq=False)
class Resting:
    """One order. `locked` is what it holds of the coin it pays with."""

    client_id: str
    side: Side
    type: OrderType
    price: Decimal | None
    quantity: Decimal
    time: int
    id: int | None = None  # None until it is written
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = ZERO
    locked: Decimal = ZERO
    reason: str = ""
    updated: int = 0


@dataclass(frozen=True, slots=True)
class Execution:
    order: Resting
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    time: int


@dataclass
class Desk:
    """Invariant: what is locked of a coin is what the open orders lock, over all desks of the account."""

    market: Market
    base: Funds
    quote: Funds
    orders: list[Resting]  # the open ones, oldest first
    executions: list[Execution] = field(default_factory=list)  # new
    changed: list[Resting] = field(default_factory=list)  # orders that are new or not as they were

    # The market moves

    def walk(self, steps: Iterable[Step]) -> None:
        for step in steps:
            for side in (Side.BUY, Side.SELL) if step.rising else (Side.SELL, Side.BUY):
                self._reach(side, step)

    def _reach(self, side: Side, step: Step) -> None:
        """All orders of one side that the step reached, in the order in which they would trade."""
        reached = _at_or_through(side, step)
        makers = [each for each in self.orders if each.side is side and reached(each)]
        if not makers:
            return
        book = self._book(makers)
        sweep = BookOrder(HOUSE, side.opposite, step.low if side is Side.BUY else step.high, ENDLESS)
        for match in book.submit(sweep, rest=False).executions:
            order = makers[match.maker.id - 1]
            self._fill(order, match.price, Liquidity.MAKER, max(step.time, order.time))

    # Orders

    def place(self, request: OrderRequest, ticker: Ticker, now: int) -> Resting:
        """Raises OrderRefused and DuplicateClientId; then nothing has changed."""
        rules.check(request, self.market, ticker, len(self.orders))
        if any(order.client_id == request.client_id for order in self.orders):
            raise DuplicateClientId("There is an open order with this id.", "duplicate_open")
        against = [order for order in self.orders if order.side is not request.side]
        best = ticker.ask if request.side is Side.BUY else ticker.bid
        if best <= 0 and request.price is None:
            raise OrderRefused("Nobody is on the other side of the market.", "no_price")
        book = self._book(against)
        if best > 0:
            book.rest(BookOrder(HOUSE, request.side.opposite, best, ENDLESS))
        if request.post_only and request.price is not None and book.crosses(request.side, request.price):
            raise OrderRefused("The order would trade at once, and it is post-only.", "post_only")
        order = Resting(request.client_id, request.side, request.type, request.price, request.quantity, now)
        self._lock(order, request.price or best)
        self.orders.append(order)
        self._touch(order, now)
        self._take(order, book, against, now)
        return order

    def _take(self, order: Resting, book: OrderBook, against: list[Resting], now: int) -> None:
        """What crosses trades at once with the market; an own order in the way expires, as at the exchanges."""
        taker = BookOrder(HOUSE - 1, order.side, order.price, order.quantity, OWN)
        outcome = book.submit(taker, rest=False)
        for maker in outcome.expired:
            self.end(against[maker.id - 1], now, "self_trade_prevention")
        for match in outcome.executions:
            self._fill(order, match.price, Liquidity.TAKER, now)

    def end(self, order: Resting, now: int, reason: str = "") -> None:
        """Cancels it and frees what it holds."""
        self._unlock(order)
        order.status, order.reason = OrderStatus.CANCELLED, reason
        self._leave(order, now)

    # Money

    def _fill(self, order: Resting, price: Decimal, liquidity: Liquidity, time: int) -> None:
        market, quantity = self.market, order.quantity
        value = round8(price * quantity)
        rate = market.maker_fee if liquidity is Liquidity.MAKER else market.taker_fee
        self._unlock(order)
        move = self._buy if order.side is Side.BUY else self._sell
        got = move(quantity, value, rate)
        order.filled, order.status = quantity, OrderStatus.FILLED
        self.executions.append(Execution(order, price, quantity, *got, liquidity, time))
        self._leave(order, time)

    def _buy(self, quantity: Decimal, value: Decimal, rate: Decimal) -> tuple[Decimal, str]:
        """Moves the money; answers the fee and its coin."""
        in_base = self.market.fee_in_base_on_buy
        fee = ((quantity if in_base else value) * rate).quantize(EIGHT, ROUND_DOWN)
        self.quote.free -= value if in_base else value + fee
        self.base.free += quantity - fee if in_base else quantity
        return fee, self.market.base if in_base else self.market.quote

    def _sell(self, quantity: Decimal, value: Decimal, rate: Decimal) -> tuple[Decimal, str]:
        fee = (value * rate).quantize(EIGHT, ROUND_DOWN)
        self.base.free -= quantity
        self.quote.free += value - fee
        return fee, self.market.quote

    def _lock(self, order: Resting, price: Decimal) -> None:
        """What it can cost at most, its fee included where that is paid in quote."""
        funds, amount = self.base, order.quantity
        if order.side is Side.BUY:
            funds, amount = self.quote, (price * order.quantity).quantize(EIGHT, ROUND_UP)
            if not self.market.fee_in_base_on_buy:
                fee = amount * max(self.market.maker_fee, self.market.taker_fee)
                amount += fee.quantize(EIGHT, ROUND_UP)
        if amount > funds.free:
            coin = self.market.quote if order.side is Side.BUY else self.market.base
            detail = f"The account has {funds.free:f} {coin} free, and the order needs {amount:f}."
            raise OrderRefused(detail, "insufficient_funds")
        funds.free -= amount
        funds.locked += amount
        order.locked = amount

    def _unlock(self, order: Resting) -> None:
        funds = self.quote if order.side is Side.BUY else self.base
        funds.free += order.locked
        funds.locked -= order.locked
        order.locked = ZERO

    # Bookkeeping

    def _leave(self, order: Resting, time: int) -> None:
        self.orders.remove(order)
        self._touch(order, time)

    def _touch(self, order: Resting, time: int) -> None:
        order.updated = max(order.updated, time)
        if order not in self.changed:
            self.changed.append(order)

    def _book(self, makers: list[Resting]) -> OrderBook:
        """`makers[id - 1]` is the order behind a book order's id."""
        book = OrderBook(self.market.lot)
        for number, order in enumerate(makers, 1):
            book.rest(BookOrder(number, order.side, order.price, order.quantity, OWN))
        return book


def _at_or_through(side: Side, step: Step) -> Callable[[Resting], bool]:
    """A price at the order's own counts: who is first in the queue at a level, no public price tells."""

    def reached(order: Resting) -> bool:
        if order.price is None or order.time > step.since:
            return False
        return order.price >= step.low if side is Side.BUY else order.price <= step.high

    return reached
