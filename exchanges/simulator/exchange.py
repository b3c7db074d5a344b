"""The exchange itself: takes orders, matches them, settles accounts, remembers. No network, and no clock of its own.
Every act ends in a commit: journal first, listeners afterwards (commits.py)."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from bots.core.matching import BookOrder
from bots.core.matching import Execution as Match
from bots.core.types import ZERO, Side
from exchanges.simulator import admission
from exchanges.simulator.accounts import Key
from exchanges.simulator.candles import Candles, Forming
from exchanges.simulator.commits import Commits, Listener
from exchanges.simulator.conventions import AS_BINANCE, ClientIds, Conventions
from exchanges.simulator.errors import invalid_symbol, rejected, unknown_order
from exchanges.simulator.events import CandleClosed, Event, Execution, Traded
from exchanges.simulator.history import History
from exchanges.simulator.journal import Journal
from exchanges.simulator.orders import Kind, NewOrder, Order, Status, Trade
from exchanges.simulator.settlement import Settlement
from exchanges.simulator.symbols import ALL, SymbolRules
from exchanges.simulator.venue import Venue, first_price, listed, price_beside


class Exchange:
    def __init__(
        self,
        *,
        clock: Callable[[], int],
        name: str = "binance",
        home: Path | None = None,
        seed: int = 0,
        history_days: int = 1,
        rules: Iterable[SymbolRules] = ALL,
        first_prices: Mapping[str, Decimal] | None = None,
        conventions: Conventions = AS_BINANCE,
        leader: "Exchange | None" = None,
    ) -> None:
        """`clock` gives ms since 1970. Without a `home` nothing outlives the process. `first_prices` (by symbol) are
        for a market that opens for the first time; otherwise they and its past are near the leader's, or drawn."""
        self.name = name
        self.clock = clock
        self.conventions = conventions
        self.leader = leader
        self.seed = seed
        self._home = home
        if home is not None:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._first_prices = first_prices or {}
        self._history_days = history_days
        self.journal = Journal(home / "journal.sqlite" if home else None)
        self.accounts = self.journal.accounts.load()
        self._settlement = Settlement(self.accounts, fees_in_quote=conventions.fees_in_quote)
        self._saved = self.journal.markets.load()
        self.venues: dict[str, Venue] = {}
        self._commits = Commits(self.journal, self._settlement, self.venues, clock)
        for each in rules:
            self.venues[each.symbol] = self._open_venue(each)
        self._open: dict[int, Order] = {}
        self._client_ids: dict[tuple[int, str, str], int] = {}
        self._counts: Counter[tuple[int, str]] = Counter()
        self._last_order_id = self.journal.orders.last_id()
        for order in self.journal.orders.open():
            self._rest(order, BookOrder(order.id, order.side, order.price, order.remaining, order.uid))
        self.flush()

    # -- listening -------------------------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with every event; the answer ends it."""
        return self._commits.listen(listener)

    def announce(self, event: Event) -> None:
        """What changes nothing, and so needs no commit."""
        self._commits.announce(event)

    # -- accounts --------------------------------------------------------------------------------------------------

    def create_account(
        self, api_key: str, secret: str | None, deposits: dict[str, Decimal] | None = None
    ) -> Key:
        """With 100,000 USDT unless `deposits` says otherwise. With a secret, signatures are checked."""
        key = self.accounts.add_key(api_key, secret, self.clock(), deposits=deposits)
        self._commits.commit()
        return key

    def add_key(self, uid: int, api_key: str, secret: str | None) -> Key:
        """A further key of an account."""
        key = self.accounts.add_key(api_key, secret, self.clock(), uid=uid)
        self._commits.commit()
        return key

    def key(self, api_key: str) -> Key:
        """Opens an account for a new demo key. Raises Refused."""
        key = self.accounts.key(api_key, self.clock())
        if self.accounts.new_keys:
            self._commits.commit()
        return key

    def deposit(self, uid: int, asset: str, amount: Decimal) -> None:
        self.accounts.deposit(uid, asset, amount)
        self._commits.commit()

    # -- looking ---------------------------------------------------------------------------------------------------

    def venue(self, symbol: str) -> Venue:
        """Raises Refused for an unknown symbol."""
        if found := self.venues.get(symbol):
            return found
        raise invalid_symbol()

    def open_orders(self, uid: int, symbol: str | None = None) -> list[Order]:
        return [o for o in self._open.values() if o.uid == uid and symbol in (None, o.symbol)]

    def find_order(self, uid: int, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """By either id; of a client id used again, the newest order."""
        self.venue(symbol)
        if order_id is None:
            order_id = self._client_ids.get((uid, symbol, client_id or ""))
        if order_id is None:
            return self.journal.orders.by_client_id(uid, symbol, client_id or "")
        found = self._open.get(order_id)
        if found and (found.uid, found.symbol) == (uid, symbol):
            return found
        return self.journal.orders.by_id(uid, symbol, order_id)

    # -- orders ----------------------------------------------------------------------------------------------------

    def place(self, uid: int, new: NewOrder) -> tuple[Order, list[Trade]]:
        """Raises Refused, and then nothing has changed."""
        venue = self.venue(new.symbol)
        admission.check(venue, new, self._counts[uid, new.symbol])
        book = venue.quote()
        self._check_client_id(uid, new)
        quantity, cost = admission.size(venue, uid, new)
        would_take = (
            new.kind is Kind.LIMIT_MAKER and new.price is not None and book.crosses(new.side, new.price)
        )
        if would_take and not self.conventions.post_only_is_accepted:
            raise rejected("Order would immediately match and take.")
        self.accounts.lock(uid, *self._settlement.to_lock(venue.rules, new.side, quantity, cost))
        order = self._accept(uid, new, quantity)
        trades: list[Trade] = []
        if would_take:
            self._settlement.close(venue.rules, order, Status.EXPIRED, order.time)
        else:
            trades = self._match(venue, order, quantity)
        self._commits.commit()
        return order, trades

    def cancel(
        self, uid: int, symbol: str, order_id: int | None, client_id: str | None, cancel_id: str = ""
    ) -> Order:
        """Raises Refused where the order is not open."""
        order = self.find_order(uid, symbol, order_id, client_id)
        if order is None or not order.status.is_open:
            raise unknown_order()
        self._cancel(order, cancel_id)
        self._commits.commit()
        return order

    def cancel_all(self, uid: int, symbol: str, cancel_id: str = "") -> list[Order]:
        """Raises Refused where there is nothing to cancel."""
        self.venue(symbol)
        orders = self.open_orders(uid, symbol)
        if not orders:
            raise unknown_order()
        for order in orders:
            self._cancel(order, cancel_id)
        self._commits.commit()
        return orders

    # -- the market ------------------------------------------------------------------------------------------------

    def walk(self, symbol: str, target: Decimal, quantity: Decimal | None, time: int | None = None) -> bool:
        """Background traders push the price to `target` with this much (None: however much it takes), through the
        resting orders on the way, best first. False where an order stopped them."""
        venue, now = self.venue(symbol), time or self.clock()
        venue.withdraw_quotes()
        side = venue.side_towards(target)
        typical = venue.typical_quantity()
        done = ZERO
        for match in venue.take(side, target, quantity):
            self._settle(venue, None, match, now)
            done += match.quantity
        rest = typical if quantity is None else quantity - done
        if rest > 0:
            self._print(venue, side, target, rest, now)
        venue.mid = venue.price
        self._commits.commit()
        return rest > 0

    def trade(self, symbol: str, side: Side, price: Decimal, quantity: Decimal) -> None:
        """A background trader takes exactly this much: what rests at this price or better first, then the house."""
        venue, now = self.venue(symbol), self.clock()
        venue.withdraw_quotes()
        for match in venue.take(side, price, quantity):
            self._settle(venue, None, match, now)
            quantity -= match.quantity
        if quantity > 0:
            self._print(venue, side, price, quantity, now)
        venue.mid = venue.price
        self._commits.commit()

    def fill(self, order: Order, quantity: Decimal) -> None:
        """Somebody trades with exactly this open order, at its price and unseen by the market."""
        venue = self.venues[order.symbol]
        match = venue.book.execute(order.id, quantity)
        self._settle(venue, None, match, self.clock(), public=False)
        venue.book_changed()
        self._commits.commit()

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Trades the market to this price; every resting order on the way, and at it, is filled. The background
        goes on from there."""
        venue = self.venue(symbol)
        venue.moved_by_hand = True
        self.walk(symbol, venue.rules.on_tick(price), None)

    def roll(self) -> None:
        """Closes the candles of the minutes that are over."""
        now = self.clock()
        for venue in self.venues.values():
            venue.candles.roll(now)
        self._commits.commit()

    def flush(self) -> None:
        """Writes what the background has moved since the last commit."""
        self._commits.unsaved.update(self.venues)
        self._commits.commit()

    def close(self) -> None:
        self.flush()
        self.journal.close()

    # -- steps -----------------------------------------------------------------------------------------------------

    def _open_venue(self, rules: SymbolRules) -> Venue:
        saved = self._saved.get(rules.symbol)
        if saved is None:
            price = self._first_prices.get(rules.symbol) or self._first_price(rules)
            saved = self._saved[rules.symbol] = listed(rules, price, self.clock())

        def closed(candle: Forming) -> None:
            self._commits.unsaved.add(rules.symbol)
            self._settlement.events.append(CandleClosed(rules.symbol, candle))

        led_by = self.leader and self.leader.venues.get(rules.symbol)
        past_of = led_by.candles.rows if led_by else None
        history = History(
            rules, saved.listed, saved.first_price, self._history_days, self.seed, self._home, past_of
        )
        candles = Candles(history, self.journal.markets, saved.price, saved.time, closed)
        return Venue(rules, saved, candles, self.seed)

    def _first_price(self, rules: SymbolRules) -> Decimal:
        if self.leader is None or rules.symbol not in self.leader.venues:
            return first_price(rules, self.seed)
        return price_beside(rules, self.leader.venues[rules.symbol].price, f"{self.seed}{self.name}")

    def _check_client_id(self, uid: int, new: NewOrder) -> None:
        used = (uid, new.symbol, new.client_id) in self._client_ids
        if self.conventions.client_ids is ClientIds.UNIQUE_FOR_EVER:
            used = self.journal.orders.knows(uid, new.client_id)
        if used and self.conventions.client_ids is not ClientIds.FREE:
            raise rejected("Duplicate order sent.")

    def _accept(self, uid: int, new: NewOrder, quantity: Decimal) -> Order:
        now = self.clock()
        self._last_order_id += 1
        order = Order(
            id=self._last_order_id,
            uid=uid,
            symbol=new.symbol,
            client_id=new.client_id,
            side=new.side,
            kind=new.kind,
            time_in_force=new.time_in_force,
            price=new.price or ZERO,
            quantity=new.quantity if new.quantity is not None else quantity,
            quote_quantity=new.quote_quantity or ZERO,
            time=now,
            update_time=now,
        )
        self._settlement.changed(order, Execution.NEW, now)
        return order

    def _match(self, venue: Venue, order: Order, locked: Decimal) -> list[Trade]:
        now, before = order.time, len(self._settlement.trades)
        price = order.price if order.kind is not Kind.MARKET else None
        taker = BookOrder(order.id, order.side, price, order.quantity, order.uid)
        outcome = venue.book.submit(taker, rest=False)
        for maker in outcome.expired:
            self._end(self._open[maker.id], Status.EXPIRED_IN_MATCH)
        for match in outcome.executions:
            self._settle(venue, order, match, now)
        if order.remaining:
            if price is None or order.time_in_force == "IOC":
                if price is None and order.side is Side.SELL:
                    self.accounts.unlock(order.uid, venue.rules.base, locked - order.executed)
                self._settlement.close(venue.rules, order, Status.EXPIRED, now)
            else:
                self._rest(order, taker)
                venue.book_changed()
        return self._settlement.trades[before:]

    def _rest(self, order: Order, book_order: BookOrder) -> None:
        self._open[order.id] = order
        self._client_ids[order.uid, order.symbol, order.client_id] = order.id
        self._counts[order.uid, order.symbol] += 1
        self.venues[order.symbol].book.rest(book_order)

    def _forget(self, order: Order) -> None:
        del self._open[order.id]
        named = (order.uid, order.symbol, order.client_id)
        if self._client_ids.get(named) == order.id:  # where ids are free, a newer order may bear it
            del self._client_ids[named]
        self._counts[order.uid, order.symbol] -= 1

    def _cancel(self, order: Order, cancel_id: str) -> None:
        venue = self.venues[order.symbol]
        venue.book.cancel(order.id)
        venue.book_changed()
        self._end(order, Status.CANCELED, cancel_id)

    def _end(self, order: Order, status: Status, cancel_id: str = "") -> None:
        self._forget(order)
        self._settlement.close(self.venues[order.symbol].rules, order, status, self.clock(), cancel_id)

    def _settle(
        self, venue: Venue, taker: Order | None, match: Match, now: int, *, public: bool = True
    ) -> None:
        maker = self._open.get(match.maker.id)
        done = venue.trade(match.price, match.quantity, match.maker.side is Side.BUY, now)
        self._commits.unsaved.add(venue.rules.symbol)
        if public:
            venue.print(done)
            self._settlement.events.append(Traded(done))
        self._settlement.settle(venue.rules, match, taker, maker, done)
        if maker is not None and not maker.status.is_open:
            self._forget(maker)

    def _print(self, venue: Venue, side: Side, price: Decimal, quantity: Decimal, now: int) -> None:
        """The house trades with itself: a price for everybody, no money moves."""
        done = venue.trade(price, quantity, side is Side.SELL, now)
        venue.print(done)
        self._settlement.events.append(Traded(done))
