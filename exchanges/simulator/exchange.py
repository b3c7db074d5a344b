"""The exchange itself: takes orders, matches them, settles accounts, remembers. No network, and no clock of its own.
Every act ends in a commit: journal first, listeners afterwards (commits.py)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from bots.core.types import ZERO, Side
from exchanges.simulator import admission
from exchanges.simulator.accounts import Key
from exchanges.simulator.candles import Forming
from exchanges.simulator.commits import Commits, Listener
from exchanges.simulator.conventions import AS_BINANCE, ClientIds, Conventions
from exchanges.simulator.errors import invalid_symbol, rejected, unknown_order
from exchanges.simulator.events import CandleClosed, Event, Execution
from exchanges.simulator.floor import Floor
from exchanges.simulator.journal import Journal
from exchanges.simulator.opening import Opening
from exchanges.simulator.orders import Kind, NewOrder, Order, Status, Trade
from exchanges.simulator.resting import RestingOrders
from exchanges.simulator.settlement import Settlement
from exchanges.simulator.symbols import ALL, SymbolRules
from exchanges.simulator.venue import Venue


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
        if home is not None:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.journal = Journal(home / "journal.sqlite" if home else None)
        self.accounts = self.journal.accounts.load()
        self._settlement = Settlement(self.accounts, fees_in_quote=conventions.fees_in_quote)
        self.venues: dict[str, Venue] = {}
        self._commits = Commits(self.journal, self._settlement, self.venues, clock)
        self._open_venues(rules, home, history_days, first_prices or {})
        self._resting = RestingOrders()
        self._floor = Floor(self.venues, self._resting, self._settlement, self._commits, clock)
        self._last_order_id = self.journal.orders.last_id()
        for order in self.journal.orders.open():
            self._floor.rest_again(order)
        self.flush()

    def _open_venues(
        self,
        rules: Iterable[SymbolRules],
        home: Path | None,
        history_days: int,
        first_prices: Mapping[str, Decimal],
    ) -> None:
        opening = Opening(
            exchange=self.name,
            seed=self.seed,
            home=home,
            history_days=history_days,
            first_prices=first_prices,
            leaders=self.leader.venues if self.leader else {},
            markets=self.journal.markets,
            clock=self.clock,
        )
        saved = self.journal.markets.load()
        for each in rules:
            closed = partial(self._candle_closed, each.symbol)
            self.venues[each.symbol] = opening.venue(each, saved.get(each.symbol), closed)

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

    def set_balance(self, uid: int, asset: str, free: Decimal) -> None:
        """Paid in or out by hand; what orders hold stays."""
        self.deposit(uid, asset, free - self.accounts.by_uid[uid].funds[asset].free)

    # -- looking ---------------------------------------------------------------------------------------------------

    def venue(self, symbol: str) -> Venue:
        """Raises Refused for an unknown symbol."""
        if found := self.venues.get(symbol):
            return found
        raise invalid_symbol()

    def open_orders(self, uid: int, symbol: str | None = None) -> list[Order]:
        return self._resting.of(uid, symbol)

    def find_order(self, uid: int, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """By either id; of a client id used again, the newest order."""
        self.venue(symbol)
        if order_id is None:
            order_id = self._resting.named(uid, symbol, client_id or "")
        if order_id is None:
            return self.journal.orders.by_client_id(uid, symbol, client_id or "")
        found = self._resting.get(order_id)
        if found and (found.uid, found.symbol) == (uid, symbol):
            return found
        return self.journal.orders.by_id(uid, symbol, order_id)

    # -- orders ----------------------------------------------------------------------------------------------------

    def place(self, uid: int, new: NewOrder) -> tuple[Order, list[Trade]]:
        """Raises Refused, and then nothing has changed."""
        venue = self.venue(new.symbol)
        admission.check(venue, new, self._resting.count(uid, new.symbol))
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
            trades = self._floor.match(venue, order, quantity)
        self._commits.commit()
        return order, trades

    def cancel(
        self, uid: int, symbol: str, order_id: int | None, client_id: str | None, cancel_id: str = ""
    ) -> Order:
        """Raises Refused where the order is not open."""
        order = self.find_order(uid, symbol, order_id, client_id)
        if order is None or not order.status.is_open:
            raise unknown_order()
        self._floor.cancel(order, cancel_id)
        self._commits.commit()
        return order

    def cancel_all(self, uid: int, symbol: str, cancel_id: str = "") -> list[Order]:
        """Raises Refused where there is nothing to cancel."""
        self.venue(symbol)
        orders = self.open_orders(uid, symbol)
        if not orders:
            raise unknown_order()
        for order in orders:
            self._floor.cancel(order, cancel_id)
        self._commits.commit()
        return orders

    # -- the market ------------------------------------------------------------------------------------------------

    def walk(self, symbol: str, target: Decimal, quantity: Decimal | None, time: int | None = None) -> bool:
        """Background traders push the price to `target` with this much (None: however much it takes), through the
        resting orders on the way, best first. False where an order stopped them."""
        passed = self._floor.walk(self.venue(symbol), target, quantity, time or self.clock())
        self._commits.commit()
        return passed

    def trade(self, symbol: str, side: Side, price: Decimal, quantity: Decimal) -> None:
        """A background trader takes exactly this much: what rests at this price or better first, then the house."""
        self._floor.trade(self.venue(symbol), side, price, quantity)
        self._commits.commit()

    def fill(self, order: Order, quantity: Decimal) -> None:
        """Somebody trades with exactly this open order, at its price and unseen by the market."""
        self._floor.fill(order, quantity)
        self._commits.commit()

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Trades the market to this price; every resting order on the way, and at it, is filled. The background
        goes on from there."""
        venue = self.venue(symbol)
        venue.moved_by_hand = True
        self.walk(symbol, venue.rules.on_tick(price), None)

    def change_rules(self, symbol: str, **changes: Any) -> None:
        """Of a running market, until the exchange starts again; resting orders stay as they are. Raises ValueError."""
        venue = self.venue(symbol)
        rules = replace(venue.rules, **changes)
        for name in ("tick", "lot"):
            if not getattr(rules, name) > 0:
                raise ValueError(f"{name} must be above 0.")
        if rules.tick * rules.lot != round(rules.tick * rules.lot, 8):
            raise ValueError("tick and lot together have more than 8 decimals.")
        venue.change_rules(rules)

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

    def _candle_closed(self, symbol: str, candle: Forming) -> None:
        self._commits.unsaved.add(symbol)
        self._settlement.events.append(CandleClosed(symbol, candle))

    def _check_client_id(self, uid: int, new: NewOrder) -> None:
        used = self._resting.named(uid, new.symbol, new.client_id) is not None
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
