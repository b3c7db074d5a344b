"""The background: traders who move each price along its process, through whatever rests on the way."""

import asyncio
import heapq
import random

import numpy as np

from bots.core.types import Side
from exchanges.simulator.candles import to_rows
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.history import MINUTE, Minutes, draw
from exchanges.simulator.process import DrawnPrice, FollowedPrice, Ohlc, Process, ReplayedPrice, path
from exchanges.simulator.venue import Venue

MAX_TRADES_PER_SECOND = 20.0  # in one symbol, whatever the speed
FLUSH_SECONDS = 1.0
MAX_PATIENCE = 24  # doublings of a push that resting orders hold up


class Market:
    """`speed` lets the process run faster than the clock: more variance and more trades in the same time."""

    def __init__(
        self, exchange: Exchange, *, speed: float = 1.0, replays: dict[str, list[Ohlc]] | None = None
    ) -> None:
        self._exchange = exchange
        self._speed = speed
        # Each start draws anew: the clock is part of the seed.
        self._random = random.Random(f"{exchange.seed} {exchange.clock()}")  # noqa: S311
        self._pushes: dict[str, int] = {}
        self._processes: dict[str, Process] = {}
        for symbol, venue in exchange.venues.items():
            self._fill_gap(venue)
            self._processes[symbol] = self._process(venue, (replays or {}).get(symbol))

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = [(loop.time() + self._pause(venue), symbol) for symbol, venue in self._exchange.venues.items()]
        due.append((loop.time() + FLUSH_SECONDS, ""))
        heapq.heapify(due)
        while True:
            at, symbol = due[0]
            await asyncio.sleep(max(0.0, at - loop.time()))
            pause = FLUSH_SECONDS
            if symbol:
                pause = self._pause(self._exchange.venues[symbol])
                self.step(symbol, pause)
            else:
                self._exchange.roll()
                self._exchange.flush()
            heapq.heapreplace(due, (max(at + pause, loop.time() - FLUSH_SECONDS), symbol))

    def step(self, symbol: str, seconds: float) -> None:
        """One push of the price, by what the process does in this time."""
        venue, process = self._exchange.venues[symbol], self._processes[symbol]
        if venue.moved_by_hand:
            process.jump_to(float(venue.price))
            venue.moved_by_hand = False
        for price in process.advance(seconds * self._speed):
            pushes = self._pushes.get(symbol, 0)
            quantity = venue.typical_quantity() * 2**pushes
            passed = self._exchange.walk(symbol, venue.rules.on_tick(price), quantity)
            self._pushes[symbol] = 0 if passed else min(pushes + 1, MAX_PATIENCE)

    def _pause(self, venue: Venue) -> float:
        return self._random.expovariate(
            min(venue.rules.trades_per_second * self._speed, MAX_TRADES_PER_SECOND)
        )

    def _process(self, venue: Venue, replay: list[Ohlc] | None) -> Process:
        rules = venue.rules
        rng = random.Random(self._random.random())  # noqa: S311
        leader = self._exchange.leader
        if leader is not None and rules.symbol in leader.venues:
            led_by = leader.venues[rules.symbol]
            followed = FollowedPrice(lambda: led_by.price, rng)
            followed.jump_to(float(venue.price))
            return followed
        drawn = DrawnPrice(float(venue.price), float(rules.start_price), rules.volatility, rng)
        return drawn if replay is None else ReplayedPrice(replay, drawn)

    def _fill_gap(self, venue: Venue) -> None:
        """The minutes since the exchange went down: drawn, and walked through where they touch resting orders."""
        start = venue.candles.forming.time + MINUTE
        now = self._exchange.clock()
        count = (now - now % MINUTE - start) // MINUTE
        if count <= 0:
            return
        rng = np.random.default_rng([self._exchange.seed, start])
        drawn = draw(venue.rules, rng, count, start_price=venue.price)
        if not len(venue.book):
            _adopt(venue, drawn, start)
            self._exchange.flush()
            return
        waiting = 0  # the first minute that is neither walked nor adopted
        for index, minute in enumerate(drawn):
            if _touches(venue, minute):
                _adopt(venue, drawn[waiting:index], start + waiting * MINUTE)
                self._walk(venue, minute, start + index * MINUTE)
                waiting = index + 1
        _adopt(venue, drawn[waiting:], start + waiting * MINUTE)
        self._exchange.flush()

    def _walk(self, venue: Venue, minute: Minutes, time: int) -> None:
        opened, high, low, close = (int(ticks) * venue.rules.tick for ticks in minute[:4])
        for index, price in enumerate(path((opened, high, low, close))):
            self._exchange.walk(venue.rules.symbol, price, None, time + index * MINUTE // 4)


def _touches(venue: Venue, minute: Minutes) -> bool:
    bid, ask = venue.book.best(Side.BUY), venue.book.best(Side.SELL)
    high, low = int(minute[1]) * venue.rules.tick, int(minute[2]) * venue.rules.tick
    return (bid is not None and bid >= low) or (ask is not None and ask <= high)


def _adopt(venue: Venue, drawn: Minutes, start: int) -> None:
    if len(drawn):
        venue.adopt(to_rows(venue.rules, drawn, start))
