"""Where orders meet: what a new order takes, what the background takes, what ends an order. Nothing here commits."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from bots.core.matching import BookOrder
from bots.core.matching import Execution as Match
from bots.core.types import ZERO, Side
from exchanges.simulator.commits import Commits
from exchanges.simulator.events import Traded
from exchanges.simulator.orders import Kind, Order, Print, Status, Trade
from exchanges.simulator.resting import RestingOrders
from exchanges.simulator.settlement import Settlement
from exchanges.simulator.venue import Venue


class Floor:
    def __init__(
        self,
        venues: Mapping[str, Venue],
        resting: RestingOrders,
        settlement: Settlement,
        commits: Commits,
        clock: Callable[[], int],
    ) -> None:
        self._venues = venues
        self._resting = resting
        self._settlement = settlement
        self._commits = commits
        self._clock = clock

    # -- orders ----------------------------------------------------------------------------------------------------

    def match(self, venue: Venue, order: Order, locked: Decimal) -> list[Trade]:
        """A new order takes what it crosses; what remains rests or expires. `locked` is what a market sell holds."""
        now, before = order.time, len(self._settlement.trades)
        price = order.price if order.kind is not Kind.MARKET else None
        taker = BookOrder(order.id, order.side, price, order.quantity, order.uid)
        outcome = venue.book.submit(taker, rest=False)
        for maker in outcome.expired:
            self._end(self._resting[maker.id], Status.EXPIRED_IN_MATCH)
        for match in outcome.executions:
            self._settle(venue, order, match, now)
        if order.remaining:
            if price is None or order.time_in_force == "IOC":
                if price is None and order.side is Side.SELL:
                    self._settlement.accounts.unlock(order.uid, venue.rules.base, locked - order.executed)
                self._settlement.close(venue.rules, order, Status.EXPIRED, now)
            else:
                self._rest(venue, order, taker)
                venue.book_changed()
        return self._settlement.trades[before:]

    def rest_again(self, order: Order) -> None:
        """An order from the journal."""
        book_order = BookOrder(order.id, order.side, order.price, order.remaining, order.uid)
        self._rest(self._venues[order.symbol], order, book_order)

    def cancel(self, order: Order, cancel_id: str) -> None:
        venue = self._venues[order.symbol]
        venue.book.cancel(order.id)
        venue.book_changed()
        self._end(order, Status.CANCELED, cancel_id)

    def fill(self, order: Order, quantity: Decimal) -> None:
        """Somebody trades with exactly this open order, at its price and unseen by the market."""
        venue = self._venues[order.symbol]
        match = venue.book.execute(order.id, quantity)
        self._settle(venue, None, match, self._clock(), public=False)
        venue.book_changed()

    # -- the background --------------------------------------------------------------------------------------------

    def walk(self, venue: Venue, target: Decimal, quantity: Decimal | None, now: int) -> bool:
        """To this price with this much (None: however much it takes); False where an order stopped it."""
        venue.withdraw_quotes()
        side = venue.side_towards(target)
        typical = venue.typical_quantity()
        done = self._take(venue, side, target, quantity, now)
        rest = typical if quantity is None else quantity - done
        if rest > 0:
            self._print(venue, side, target, rest, now)
        venue.mid = venue.price
        return rest > 0

    def trade(self, venue: Venue, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Exactly this much: what rests at this price or better first, then the house."""
        now = self._clock()
        venue.withdraw_quotes()
        rest = quantity - self._take(venue, side, price, quantity, now)
        if rest > 0:
            self._print(venue, side, price, rest, now)
        venue.mid = venue.price

    # -- steps -----------------------------------------------------------------------------------------------------

    def _take(self, venue: Venue, side: Side, limit: Decimal, quantity: Decimal | None, now: int) -> Decimal:
        done = ZERO
        for match in venue.take(side, limit, quantity):
            self._settle(venue, None, match, now)
            done += match.quantity
        return done

    def _rest(self, venue: Venue, order: Order, book_order: BookOrder) -> None:
        self._resting.add(order)
        venue.book.rest(book_order)

    def _end(self, order: Order, status: Status, cancel_id: str = "") -> None:
        self._resting.remove(order)
        self._settlement.close(self._venues[order.symbol].rules, order, status, self._clock(), cancel_id)

    def _settle(
        self, venue: Venue, taker: Order | None, match: Match, now: int, *, public: bool = True
    ) -> None:
        maker = self._resting.get(match.maker.id)
        done = venue.trade(match.price, match.quantity, match.maker.side is Side.BUY, now)
        self._commits.unsaved.add(venue.rules.symbol)
        if public:
            self._show(venue, done)
        self._settlement.settle(venue.rules, match, taker, maker, done)
        if maker is not None and not maker.status.is_open:
            self._resting.remove(maker)

    def _print(self, venue: Venue, side: Side, price: Decimal, quantity: Decimal, now: int) -> None:
        """The house trades with itself: a price for everybody, no money moves."""
        self._show(venue, venue.trade(price, quantity, side is Side.SELL, now))

    def _show(self, venue: Venue, done: Print) -> None:
        venue.print(done)
        self._settlement.events.append(Traded(done))
