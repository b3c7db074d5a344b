"""The simulated exchange of a benchmark: high request limits, no background traders, and prices that do what standard
input says: `quiet` no ticks, `still` ticks at the same price, `move N` so fast that each bot has N fills a minute."""

import argparse
import asyncio
import sys
import time
from decimal import Decimal
from pathlib import Path

from benchmarks.engine_load import SPACING, SYMBOLS
from exchanges.simulator.app import Server
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.hosting import open_exchanges

TICKS = 50  # a second, over all symbols
TURN = 2.4  # spacings above and below the start, where the price turns
PLENTY = Limits(weight=10_000_000, orders=1_000_000, orders_a_day=100_000_000)


class Prices:
    """Every symbol goes up and down between two turns, all in step, each a tick after the other."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._middle = {symbol: exchange.venues[symbol].price for symbol in SYMBOLS}
        self._at = dict.fromkeys(SYMBOLS, 0.0)  # in spacings from the middle
        self._up = dict.fromkeys(SYMBOLS, -1)  # down first: the orders nearest to a new grid are its buys
        self.speed: float | None = None  # spacings a minute; None: no ticks

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for symbol in SYMBOLS:
                due = max(due + 1 / TICKS, loop.time() - 1)
                await asyncio.sleep(max(0.0, due - loop.time()))
                if self.speed is not None:
                    self._tick(symbol, self.speed)

    def _tick(self, symbol: str, speed: float) -> None:
        self._at[symbol] += self._up[symbol] * speed / 60 * len(SYMBOLS) / TICKS
        if abs(self._at[symbol]) > TURN:
            self._up[symbol] = -1 if self._at[symbol] > 0 else 1
        share = 1 + SPACING * Decimal(repr(self._at[symbol]))
        price = self._exchange.venues[symbol].rules.on_tick(self._middle[symbol] * share)
        self._exchange.walk(symbol, price, None)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control-port", type=int, required=True)
    options = parser.parse_args()
    options.home.mkdir(parents=True, exist_ok=True)
    exchanges = open_exchanges(
        clock=lambda: time.time_ns() // 1_000_000, home=options.home, names=["binance"]
    )
    server = Server(exchanges, options.home, (), options.port, options.control_port, PLENTY)
    prices = Prices(exchanges["binance"])
    await server.start()
    moving = asyncio.create_task(prices.run())
    while word := await asyncio.to_thread(sys.stdin.readline):
        kind, _, speed = word.strip().partition(" ")
        prices.speed = {"quiet": None, "still": 0.0}.get(kind, float(speed or 0))
    moving.cancel()
    await server.stop()
    exchanges["binance"].close()


if __name__ == "__main__":
    asyncio.run(main())
