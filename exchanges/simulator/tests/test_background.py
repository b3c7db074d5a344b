"""The market that moves by itself."""

import asyncio
import gzip
import math
import random
from decimal import Decimal

import pytest

from bots.core.types import Side
from exchanges.simulator.events import Event, OrderChanged, Traded
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.market import Market
from exchanges.simulator.orders import Kind, NewOrder, Status
from exchanges.simulator.process import DrawnPrice, ReplayedPrice, read_candles
from exchanges.simulator.testing import running_simulator, simulator_in_thread


class Clock:
    now = 1_800_000_000_000

    def __call__(self):
        return self.now


def run_for(market, exchange, clock, symbol, seconds):
    """Steps one symbol as its traders would, on a clock of our own."""
    end, venue = clock.now + seconds * 1000, exchange.venue(symbol)
    while clock.now < end:
        pause = market._pause(venue)
        clock.now += int(pause * 1000)
        market.step(symbol, pause)


@pytest.mark.parametrize("seed", range(8))
def test_a_grid_of_twenty_levels_over_five_percent_trades_within_a_minute(seed):
    clock = Clock()
    clock.now += seed * 1_000_003
    exchange = Exchange(clock=clock, seed=seed)
    uid = exchange.create_account("demo", "s").uid
    venue = exchange.venue("BTCUSDT")
    exchange.place(uid, NewOrder("BTCUSDT", Side.BUY, Kind.MARKET, "initial", quantity=Decimal("0.2")))
    for level in range(-10, 11):
        side = Side.BUY if level < 0 else Side.SELL
        price = venue.rules.on_tick(float(venue.mid) * (1 + level * 0.0025 + 0.00125))
        exchange.place(uid, NewOrder("BTCUSDT", side, Kind.LIMIT, f"l{level + 10}", price, Decimal("0.005")))
    run_for(Market(exchange), exchange, clock, "BTCUSDT", 60)
    assert len(exchange.journal.trades.of(uid)) > 2


def test_a_large_resting_order_holds_the_price_fills_in_parts_and_breaks():
    clock = Clock()
    exchange = Exchange(clock=clock, seed=3)
    uid = exchange.create_account("demo", "s", {"USDT": Decimal(10_000_000)}).uid
    venue, parts = exchange.venue("BTCUSDT"), []
    exchange.listen(lambda e: parts.append(e.status) if isinstance(e, OrderChanged) and e.trade else None)
    price = venue.rules.on_tick(float(venue.price) * 0.9999)
    exchange.place(uid, NewOrder("BTCUSDT", Side.BUY, Kind.LIMIT, "wall", price, Decimal(5)))
    run_for(Market(exchange), exchange, clock, "BTCUSDT", 300)
    assert parts.count(Status.PARTIALLY_FILLED) >= 3
    assert parts[-1] is Status.FILLED


def test_speed_brings_more_variance_and_more_trades():
    counts = {}
    for speed in (1.0, 4.0):
        clock = Clock()
        exchange = Exchange(clock=clock, seed=3)
        before = exchange.venue("BTCUSDT").trade_id
        run_for(Market(exchange, speed=speed), exchange, clock, "BTCUSDT", 120)
        counts[speed] = exchange.venue("BTCUSDT").trade_id - before
    assert counts[4.0] > 3 * counts[1.0]


def test_the_background_goes_on_from_where_somebody_moved_the_price():
    clock = Clock()
    exchange = Exchange(clock=clock, seed=3)
    market = Market(exchange)
    exchange.set_price("BTCUSDT", Decimal(50_000))
    run_for(market, exchange, clock, "BTCUSDT", 20)
    assert 48_000 < exchange.venue("BTCUSDT").price < 52_000


def test_a_drawn_price_returns_after_a_month_and_never_explodes():
    process = DrawnPrice(100, 100, 1.0, random.Random(2))
    hours = [process.advance(3600)[0] for _ in range(24 * 365)]
    assert 30 < min(hours) < max(hours) < 300
    process = DrawnPrice(200, 100, 0.01, random.Random(2))
    for _ in range(60):
        last = process.advance(86_400)[-1]
    assert math.isclose(last, 100 * 2**0.25, rel_tol=0.05)


def test_a_replay_walks_through_every_candle_of_the_file(tmp_path):
    file = tmp_path / "ETHUSDT.csv.gz"
    with gzip.open(file, "wt") as out:
        out.write("time,open,high,low,close,volume\n1,100,110,95,105,7\n2,105,106,80,90,7\n")
    then = DrawnPrice(100, 100, 1.0, random.Random(1))
    process = ReplayedPrice(list(read_candles(file)), then)
    seen = [price for _ in range(40) for price in process.advance(3)]
    assert seen == [100, 95, 110, 105, 105, 106, 80, 90]
    assert process.advance(1)[0] == pytest.approx(90, rel=0.05)


async def test_the_running_market_trades_in_every_symbol():
    async with running_simulator(speed=30) as sim:
        quiet = set(sim.exchange.venues)

        def all_traded(event: Event) -> bool:
            if isinstance(event, Traded):
                quiet.discard(event.trade.symbol)
            return not quiet

        await sim.event(all_traded)


def test_a_simulator_in_a_thread_serves_tests_without_a_loop():
    with simulator_in_thread(seed=2) as sim:
        uid = sim.call(lambda e: e.create_account("demo", "s").uid)
        price = sim.call(lambda e: e.venue("BTCUSDT").price)
        new = NewOrder("BTCUSDT", Side.BUY, Kind.LIMIT, "c", price - 10, Decimal("0.01"))
        sim.call(lambda e: e.place(uid, new))
        sim.call(lambda e: e.set_price("BTCUSDT", price - 20))
        sim.wait_until(lambda e: not e.open_orders(uid))
        assert sim.transport["port"] > 0
        with pytest.raises(TimeoutError):
            sim.wait_until(lambda e: False, timeout=0.05)


def test_an_error_at_the_start_reaches_the_test(tmp_path):
    (tmp_path / "ca.pem").mkdir()
    (tmp_path / "server.pem").mkdir()
    with pytest.raises(OSError), simulator_in_thread(home=tmp_path):
        pass


async def test_no_event_is_a_timeout(sim):
    with pytest.raises(asyncio.TimeoutError):
        await sim.event(lambda e: False, timeout=0.01)
