"""Exact replay: the live engine, its strategies, its risk gate and the order book over candles.

Only the candles that can change something reach the engine: those that touch an order or leave the band in which the
strategy's wishes stay what they are, and those at which it asked to be woken. So a year of minutes is a matter of the
few thousand candles in which something happened.
"""

import time
from collections.abc import Coroutine, Iterator
from decimal import Decimal
from typing import Any, TypeVar, cast
from uuid import UUID

import numpy as np

from bots.backtest.exchange import CandleExchange
from bots.backtest.path import FillModel
from bots.backtest.run import NO_LIMITS, Case, Filled, Run, State, StrategyConfig, Tally
from bots.core.engine import BotEngine
from bots.core.ledger import Booking, PositionManager
from bots.core.memory_store import MemoryStore
from bots.core.risk import RiskManager
from bots.core.slots import cycle_profit
from bots.core.strategies.base import BaseStrategy, RunState
from bots.core.strategies.dca import DCAStrategy
from bots.core.strategies.grid import GridConfig, GridStrategy
from bots.core.types import ZERO, Liquidity, Market, Side
from marketdata.columns import SCALE

BOT = UUID(int=0)
ROUNDS = 1000  # of one moment: slices of orders that go out one after the other
BLOCK = 4096  # candles looked through at once

T = TypeVar("T")


class TookTooLong(Exception):
    """More happens in these candles than can be waited for."""

    def __init__(self) -> None:
        super().__init__("Too much happens in these candles to be replayed in time: choose a shorter time.")


class Stuck(Exception):
    """The engine wants to be woken again and again at the same moment."""


def replay(case: Case, model: FillModel, strategy: BaseStrategy | None = None) -> Run:
    """Starts at the close of the first candle and walks through the others."""
    return Replay(case, model, strategy or strategy_for(case.config, case.market, RunState(run=1))).run()


def strategy_for(config: StrategyConfig, market: Market, state: RunState) -> BaseStrategy:
    kind = GridStrategy if isinstance(config, GridConfig) else DCAStrategy
    return kind(config, market, state)  # type: ignore[arg-type]


class Replay:
    exchange_type = CandleExchange

    def __init__(self, case: Case, model: FillModel, strategy: BaseStrategy) -> None:
        self.candles, self.width, self.model = case.candles, case.width, model
        self.exchange = self.exchange_type(case.market, slippage=case.slippage, delayed=model.delayed)
        self.store = MemoryStore(case.config.investment, case.market, BOT)
        self.engine = BotEngine(
            strategy=strategy,
            exchange=self.exchange,
            position_manager=PositionManager(case.config.investment),
            risk_manager=RiskManager(case.limits, case.config.investment),
            store=self.store,
            market=case.market,
            prefix=self.store.prefix,
        )
        self.until, self.should_stop = case.until, case.should_stop
        self.every_candle = case.limits is not NO_LIMITS
        self.result = Run()
        self._booked = 0

    def run(self) -> Run:
        candles = self.candles
        if not len(candles):
            return self.result
        self._at(int(candles.close[0]), int(candles.time[0]) + self.width)
        _now(self.engine.start(self.exchange.price, self.exchange.now))
        self._settle()
        self._note(0)
        for number in self._interesting(self.model.first):
            if time.monotonic() > self.until or self.should_stop():
                raise TookTooLong
            self._walk(number)
            self._note(number)
            if self.engine.done:
                break
        self._sum_up()
        return self.result

    def _sum_up(self) -> None:
        result, store = self.result, self.store
        result.realized = _int(self.engine.position_manager.position.realized)
        result.profits = [_int(cycle_profit(state)) for state in store.closed if not state.granted]
        result.slots = {
            number: Tally(state.cycles, _int(state.profit)) for number, state in store.slots.items()
        }
        result.shift = store.memory.get("shift", 0)
        result.stopped = store.stop[0] if store.stop else ""

    # Which candles

    def _interesting(self, number: int) -> Iterator[int]:
        while number < len(self.candles):
            if not self.every_candle:
                number = self._next(number)
            if number < len(self.candles):
                yield number
            number += 1

    def _next(self, number: int) -> int:
        """The next candle in which anything can happen."""
        below, above = self._bounds()
        wake = self.engine.wake_at
        block = 64
        while number < len(self.candles):
            part = slice(number, number + block)
            hit = (self.candles.low[part] <= below) | (self.candles.high[part] >= above)
            if wake is not None:
                hit |= self.candles.time[part] + self.width >= wake
            found = int(hit.argmax())
            if hit[found]:
                return number + found
            number, block = number + block, BLOCK
        return number

    def _bounds(self) -> tuple[int, int]:
        """The prices at or beyond which something happens."""
        band, book = self.engine.band, self.exchange.book
        low = [price for price in (band.low, book.best(Side.BUY)) if price is not None]
        high = [price for price in (band.high, book.best(Side.SELL)) if price is not None]
        for waiting in self.exchange.waiting:
            (low if waiting.side is Side.BUY else high).append(waiting.price or ZERO)
        return max(map(_floor, low), default=-1), min(map(_ceil, high), default=np.iinfo(np.int64).max)

    # One candle

    def _walk(self, number: int) -> None:
        candles, opens = self.candles, int(self.candles.time[number])
        self.exchange.next_candle()
        prices = tuple(int(side[number]) for side in (candles.open, candles.high, candles.low, candles.close))
        way = self.model.path(cast("tuple[int, int, int, int]", prices))
        self.exchange.now = opens
        for price in way:
            self._go(price)
        self.exchange.now = opens + self.width
        self._tell_price()

    def _go(self, to: int) -> None:
        """To a price, with a stop at each order and threshold on the way."""
        while (stop := self._stop(to)) is not None:
            self._at(stop, self.exchange.now)
            self._tell_price()
            if self.engine.done:
                return
        self._at(to, self.exchange.now)
        self._tell_price()

    def _stop(self, to: int) -> int | None:
        here, band, book = _int(self.exchange.price), self.engine.band, self.exchange.book
        if to < here:
            prices = [_floor(price) for price in (band.low, book.best(Side.BUY)) if price is not None]
            return max((price for price in prices if to <= price < here), default=None)
        prices = [_ceil(price) for price in (band.high, book.best(Side.SELL)) if price is not None]
        return min((price for price in prices if here < price <= to), default=None)

    def _at(self, price: int, now: int) -> None:
        self.exchange.price, self.exchange.now = Decimal(price) / SCALE, now

    def _tell_price(self) -> None:
        """Fills first: an order at this price was there before anybody could react to it."""
        engine, exchange = self.engine, self.exchange
        engine.price, engine.now = exchange.price, max(exchange.now, engine.now)
        for fill in exchange.fill_touched():
            _now(engine.on_fill(fill))
        _now(engine.on_tick(exchange.price, exchange.now))
        self._settle()

    def _settle(self) -> None:
        """All that is due at this moment."""
        for _ in range(ROUNDS):
            wake = self.engine.wake_at
            if self.engine.done or wake is None or wake > self.exchange.now:
                return
            _now(self.engine.on_timer(self.exchange.now))
        raise Stuck(f"The bot does not come to rest at {self.exchange.now}.")

    def _note(self, number: int) -> None:
        bookings = list(self.store.bookings.values())
        if len(bookings) == self._booked:
            return
        self.result.fills += [self._filled(number, booking) for booking in bookings[self._booked :]]
        self._booked = len(bookings)
        position = self.engine.position_manager.position
        self.result.states.append(State(number, _int(position.cash), _int(position.base)))

    def _filled(self, number: int, booking: Booking) -> Filled:
        fill = booking.fill
        return Filled(
            number,
            self.store.orders[fill.client_id].slot,
            fill.side is Side.BUY,
            _int(fill.price),
            _int(fill.quantity),
            _int(fill.fee),
            fill.fee_asset == self.exchange.rules.base,
            _int(booking.fee_quote),
            fill.liquidity is Liquidity.MAKER,
            fill.time,
        )


def _now(work: Coroutine[Any, Any, T]) -> T:
    """The ports never wait here, so neither does a coroutine over them."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("a port of the backtest waited")


def _int(price: Decimal) -> int:
    return int(price * SCALE)


def _floor(price: Decimal) -> int:
    """A threshold may lie between two 1e-8: the last whole one below it crosses it."""
    return int(price * SCALE // 1)


def _ceil(price: Decimal) -> int:
    return -int(-price * SCALE // 1)
