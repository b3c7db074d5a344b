"""1m candles: generated history, then exactly what was traded. Amounts are integers in units of 1e-8."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from bots.core.types import ZERO
from exchanges.simulator.history import MINUTE, MINUTES_A_DAY, History, Minutes
from exchanges.simulator.journal.markets import CandleRow, MarketTables
from exchanges.simulator.orders import Print
from exchanges.simulator.symbols import SymbolRules

Rows = npt.NDArray[np.int64]  # the columns of CandleRow
E8 = 10**8


def e8(amount: Decimal) -> int:
    return int(amount.scaleb(8))


@dataclass(slots=True)
class Forming:
    """The candle of the current minute."""

    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote: Decimal = ZERO
    count: int = 0
    taker: Decimal = ZERO
    taker_quote: Decimal = ZERO
    first_id: int = -1
    last_id: int = -1

    def add(self, trade: Print) -> None:
        price, quantity = trade.price, trade.quantity
        if not self.count:
            self.open = self.high = self.low = price
            self.first_id = trade.id
        self.high, self.low, self.close = max(self.high, price), min(self.low, price), price
        self.volume += quantity
        self.quote += price * quantity
        self.count += 1
        self.last_id = trade.id
        if not trade.buyer_is_maker:
            self.taker += quantity
            self.taker_quote += price * quantity

    def row(self) -> CandleRow:
        prices = (e8(self.open), e8(self.high), e8(self.low), e8(self.close))
        taker = (e8(self.taker), e8(self.taker_quote))
        return (self.time, *prices, e8(self.volume), e8(self.quote), self.count, *taker)


def _restored(row: CandleRow) -> Forming:
    opened, high, low, close, volume, quote, taker, taker_quote = (
        Decimal(value).scaleb(-8) for value in (*row[1:7], *row[8:])
    )
    return Forming(row[0], opened, high, low, close, volume, quote, row[7], taker, taker_quote)


class Candles:
    """`on_close` hears of every candle that is complete."""

    def __init__(
        self,
        history: History,
        tables: MarketTables,
        price: Decimal,
        now: int,
        on_close: Callable[[Forming], None],
    ) -> None:
        self.history = history
        self._symbol = history.rules.symbol
        self._tables = tables
        self._on_close = on_close
        self._closed: list[CandleRow] = []  # not in the journal yet
        self._day: tuple[int, Rows | None] = (0, None)
        self._recent: deque[Forming] = deque(maxlen=4)
        minute = now - now % MINUTE
        saved = tables.candles(self._symbol, minute, minute + MINUTE)
        self.forming = _restored(saved[0]) if saved else Forming(minute, price, price, price, price)

    def add(self, trade: Print) -> None:
        self.roll(trade.time)
        self.forming.add(trade)

    def roll(self, now: int) -> None:
        """Closes the candles of the minutes that are over; those without a trade are flat."""
        while now >= self.forming.time + MINUTE:
            done = self.forming
            self._closed.append(done.row())
            self._recent.append(done)
            self.forming = Forming(done.time + MINUTE, done.close, done.close, done.close, done.close)
            self._on_close(done)

    def adopt(self, rows: Rows) -> None:
        """Takes complete minutes that follow the forming one as they are."""
        self.roll(int(rows[0, 0]))
        self._closed.extend(map(tuple, rows.tolist()))
        close = Decimal(int(rows[-1, 4])).scaleb(-8)
        self.forming = Forming(int(rows[-1, 0]) + MINUTE, close, close, close, close)

    def save(self) -> None:
        self._tables.save_candles(self._symbol, [*self._closed, self.forming.row()])
        self._closed.clear()

    def rows(self, start: int, end: int) -> Rows:
        """Candles with start <= open time < end, the forming one included."""
        self.save()
        live = np.array(self._tables.candles(self._symbol, start, end), dtype=np.int64).reshape(-1, 10)
        past = self._past(start, end)
        return np.concatenate([past, live]) if len(past) else live

    def day(self) -> Rows:
        """The last 24 hours; the closed ones are looked up once a minute."""
        minute = self.forming.time
        if self._day[0] != minute or self._day[1] is None:
            self._day = (minute, self.rows(minute - (MINUTES_A_DAY - 1) * MINUTE, minute))
        return np.concatenate([self._day[1], np.array([self.forming.row()], dtype=np.int64)])

    def average_price(self) -> Decimal:
        """Over about five minutes, as the filters of the exchange look at it."""
        last = [*self._recent, self.forming]
        volume = sum((candle.volume for candle in last), ZERO)
        return sum((candle.quote for candle in last), ZERO) / volume if volume else self.forming.close

    def _past(self, start: int, end: int) -> Rows:
        history = self.history
        first, last = (
            max(0, -(-(time - history.start) // MINUTE)) for time in (start, min(end, history.end))
        )
        if last <= first:
            return np.empty((0, 10), dtype=np.int64)
        return to_rows(history.rules, history.candles[first:last], history.start + first * MINUTE)


def to_rows(rules: SymbolRules, drawn: Minutes, start: int) -> Rows:
    """Drawn minutes (history.draw) as candles; what was not drawn follows from what was."""
    part = drawn.astype(np.int64)
    times = start + np.arange(len(part)) * MINUTE
    prices, volume = part[:, :4] * e8(rules.tick), part[:, 4] * e8(rules.lot)
    # Notional in 1e-8: tick * lot has at most 8 decimals.
    quote = part[:, :4].sum(axis=1) * part[:, 4] * e8(rules.tick * rules.lot) // 4
    count = part[:, 4] % 997 + 20
    taker, taker_quote = part[:, 4] // 2 * e8(rules.lot), quote // 2
    return np.column_stack([times, prices, volume, quote, count, taker, taker_quote])


def aggregate(rows: Rows, interval: int) -> Rows:
    """1m candles into longer ones of `interval` ms."""
    if interval == MINUTE or not len(rows):
        return rows
    buckets = rows[:, 0] - rows[:, 0] % interval
    starts = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    ends = np.r_[starts[1:], len(rows)] - 1
    sums = np.add.reduceat(rows[:, 5:], starts, axis=0)
    high, low = np.maximum.reduceat(rows[:, 2], starts), np.minimum.reduceat(rows[:, 3], starts)
    return np.column_stack([buckets[starts], rows[starts, 1], high, low, rows[ends, 4], sums])
