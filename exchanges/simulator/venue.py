"""One symbol's trading floor: the book, the house's quotes in it, the last trades and the candles."""

import random
from collections import deque
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bots.core.matching import BookOrder, Execution, OrderBook
from bots.core.types import ZERO, Side
from exchanges.simulator.candles import Candles, Rows
from exchanges.simulator.history import MINUTE
from exchanges.simulator.journal.markets import SavedMarket
from exchanges.simulator.orders import Print
from exchanges.simulator.symbols import SymbolRules

# (distance from the price, notional as a share of the daily turnover); a last level takes any market order.
LADDER = [
    (0.0, 2e-5), (0.00005, 4e-5), (0.0001, 6e-5), (0.0002, 1e-4), (0.0004, 1.5e-4), (0.0007, 2e-4), (0.0012, 3e-4),
    (0.002, 4e-4), (0.0035, 6e-4), (0.006, 8e-4), (0.01, 1.2e-3),
]  # fmt: skip
LAST_LEVEL = 0.02


LOST_TRADE_IDS = 1_000  # a killed exchange may have told of trades that the journal had not seen
FIRST_TRADE_ID = 1_000_000
ENDLESS = Decimal(10) ** 15  # more than any book holds


def first_price(rules: SymbolRules, seed: int) -> Decimal:
    """Where a market opens, near its usual price."""
    shift = random.Random(f"{seed}{rules.symbol}").uniform(0.93, 1.07)  # noqa: S311
    return rules.on_tick(float(rules.start_price) * shift)


def price_beside(rules: SymbolRules, price: Decimal, seed: str) -> Decimal:
    """Near another exchange's price, but not the same."""
    shift = random.Random(f"{seed}{rules.symbol}").uniform(0.0002, 0.0008)  # noqa: S311
    return rules.on_tick(float(price) * (1 + shift))


def listed(rules: SymbolRules, price: Decimal, now: int) -> SavedMarket:
    """A market that opens now."""
    price = rules.on_tick(price)
    return SavedMarket(rules.symbol, price, now, FIRST_TRADE_ID, now - now % MINUTE, price)


class Venue:
    def __init__(self, rules: SymbolRules, saved: SavedMarket, candles: Candles, seed: int) -> None:
        self.rules = rules
        self.book = OrderBook(rules.lot)
        self.candles = candles
        self._saved = saved
        self.price = saved.price  # of the last trade
        self.mid = saved.price  # what the house quotes around
        self.trade_id = saved.trade_id + LOST_TRADE_IDS  # of the last trade
        self.time = saved.time  # of the last trade
        self.moved_by_hand = False  # since the background looked last
        self.update_id = 1  # counts the changes of the book
        self.prints: deque[Print] = deque(maxlen=1000)
        self._quotes: list[int] = []
        self._quoted = False  # are the quotes fresh?
        self._random = random.Random(seed)  # noqa: S311 - sizes of quotes
        self._house_id = 0

    def trade(self, price: Decimal, quantity: Decimal, buyer_is_maker: bool, time: int) -> Print:
        self.trade_id += 1
        return Print(self.rules.symbol, self.trade_id, price, quantity, time, buyer_is_maker)

    def print(self, done: Print) -> None:
        """Everybody sees that a trade has happened."""
        self.price, self.time = done.price, done.time
        self.prints.append(done)
        self.candles.add(done)
        self.book_changed()
        self._quoted = False  # the house quotes anew around every trade

    def adopt(self, rows: Rows) -> None:
        """Minutes that went by without touching any order."""
        self.candles.adopt(rows)
        self.price = self.mid = self.candles.forming.close
        self.time = self.candles.forming.time - 1
        self.withdraw_quotes()
        self.book_changed()

    def change_rules(self, rules: SymbolRules) -> None:
        self.withdraw_quotes()
        self.rules, self.book.lot = rules, rules.lot
        self.book_changed()

    def book_changed(self) -> None:
        self.update_id += 1

    def state(self) -> SavedMarket:
        until = max(self.time, self.candles.forming.time)
        return replace(self._saved, price=self.price, time=until, trade_id=self.trade_id)

    def side_towards(self, target: Decimal) -> Side:
        """Which side takes, to bring the price there."""
        bid, ask = self.book.best(Side.BUY), self.book.best(Side.SELL)
        if bid is not None and bid >= target:
            return Side.SELL
        if ask is not None and ask <= target:
            return Side.BUY
        return Side.BUY if target >= self.price else Side.SELL

    def take(self, side: Side, limit: Decimal, quantity: Decimal | None) -> list[Execution]:
        """A background trader takes what rests at the limit or better; None: all of it."""
        taker = BookOrder(0, side, limit, ENDLESS if quantity is None else quantity)
        return self.book.submit(taker, rest=False).executions

    def typical_quantity(self) -> Decimal:
        """Of one background trade: a lognormal share of what such a symbol turns over."""
        trades_a_day = self.rules.trades_per_second * 86_400
        notional = float(self.rules.daily_turnover) / trades_a_day * self._random.lognormvariate(-0.5, 1.0)
        return self._lots(notional)

    def withdraw_quotes(self) -> None:
        for order_id in self._quotes:
            self.book.cancel(order_id)
        self._quotes.clear()
        self._quoted = False

    def quote(self) -> OrderBook:
        """The book with the house's orders around the price, never crossing anybody's."""
        if not self._quoted:
            self.withdraw_quotes()
            best = {side: self.book.best(side) for side in Side}
            for side in Side:
                self._quote_side(side, best[side.opposite])
            self._quoted = True
        return self.book

    def _quote_side(self, side: Side, barrier: Decimal | None) -> None:
        sign, tick = (-1, self.rules.tick) if side is Side.BUY else (1, self.rules.tick)
        rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
        last = self.mid
        if barrier is not None:
            last = min(last, barrier) if side is Side.BUY else max(last, barrier)
        for distance, share in [*LADDER, (LAST_LEVEL, 0.0)]:
            price = (self.mid * Decimal(1 + sign * distance) / tick).to_integral_value(rounding) * tick
            step = last + sign * tick
            price = min(price, step) if side is Side.BUY else max(price, step)
            if price <= 0:
                return
            notional = float(self.rules.daily_turnover) * share * self._random.uniform(0.5, 1.5)
            quantity = self._lots(notional) if share else self.rules.market_max_quantity * 2
            self._rest(side, price, quantity)
            last = price

    def _rest(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        self._house_id -= 1  # below zero, so never an account's order
        self._quotes.append(self._house_id)
        self.book.rest(BookOrder(self._house_id, side, price, quantity))

    def _lots(self, notional: float) -> Decimal:
        lot = self.rules.lot
        return max(round(Decimal(notional) / self.mid / lot), 1) * lot if self.mid > ZERO else lot
