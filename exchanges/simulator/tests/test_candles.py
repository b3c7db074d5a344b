"""Candles are exactly what was traded; before the market opened, a drawn past that leads up to it."""

import itertools
import random
from decimal import Decimal

import numpy as np
import pytest

from exchanges.simulator.events import CandleClosed, Traded
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.history import History, draw
from exchanges.simulator.symbols import ALL, RULES
from exchanges.simulator.testing import running_simulator
from exchanges.simulator.tests.conftest import _clients

MINUTE, DAY = 60_000, 86_400_000
START = 1_800_000_000_000


class Clock:
    now = START + 12_345

    def __call__(self):
        return self.now


def test_candles_equal_the_trades():
    clock, rng, prints, closed = Clock(), random.Random(5), [], []
    exchange = Exchange(clock=clock)
    exchange.listen(lambda e: prints.append(e.trade) if isinstance(e, Traded) else None)
    exchange.listen(lambda e: closed.append(e) if isinstance(e, CandleClosed) else None)
    venue = exchange.venue("BTCUSDT")
    for _ in range(400):
        clock.now += rng.randint(1, 40_000)  # some minutes see no trade
        exchange.roll()
        exchange.walk(
            "BTCUSDT", venue.rules.on_tick(float(venue.price) * rng.gauss(1, 0.001)), Decimal("0.01")
        )
    rows = venue.candles.rows(START, clock.now + 1)
    assert list(rows[:, 0]) == list(range(START, clock.now + 1, MINUTE))
    for row in rows:
        traded = [p for p in prints if row[0] <= p.time < row[0] + MINUTE]
        prices = [int(p.price.scaleb(8)) for p in traded]
        if traded:
            assert list(row[1:5]) == [prices[0], max(prices), min(prices), prices[-1]]
        else:
            assert row[1] == row[2] == row[3] == row[4]
        assert row[5] == sum(int(p.quantity.scaleb(8)) for p in traded)
        assert row[6] == sum(int((p.price * p.quantity).scaleb(8)) for p in traded)
        assert row[7] == len(traded)
    assert len([e for e in closed if e.symbol == "BTCUSDT"]) == len(rows) - 1


async def test_klines_reach_a_year_back_without_a_gap_up_to_the_live_price():
    async with running_simulator(history_days=365) as sim:
        async for make in _clients(sim):
            client = make()
            await client.load_markets()
            now = client.milliseconds()
            first = await client.fetch_ohlcv("BTC/USDT", "1m", now - 364 * DAY, 1000)
            last = await client.fetch_ohlcv("BTC/USDT", "1m", limit=1000)
            assert [candle[0] for candle in first] == list(
                range(first[0][0], first[0][0] + 1000 * MINUTE, MINUTE)
            )
            assert now - 364 * DAY <= first[0][0] < now - 364 * DAY + MINUTE
            assert now // MINUTE * MINUTE <= last[-1][0] <= client.milliseconds()
            for before, after in itertools.pairwise(last):
                assert after[1] == pytest.approx(before[4])
            assert Decimal(str(last[-1][4])) == sim.exchange.venue("BTCUSDT").price
            hours = await client.fetch_ohlcv("BTC/USDT", "1h", limit=24)
            assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in hours)
            day = (await client.fetch_ohlcv("BTC/USDT", "1d", limit=2))[0]
            minutes = await client.fetch_ohlcv("BTC/USDT", "1m", day[0], 1000)
            assert minutes[0][1] == day[1]


@pytest.mark.parametrize("rules", ALL, ids=lambda rules: rules.symbol)
def test_a_drawn_past_is_whole_and_ends_at_the_price(rules):
    price = rules.on_tick(float(rules.start_price))
    drawn = draw(rules, np.random.default_rng(3), 20_000, end_price=price)
    opened, high, low, close, volume = drawn.T
    assert close[-1] * rules.tick == price
    assert (opened[1:] == close[:-1]).all()
    assert (low <= np.minimum(opened, close)).all()
    assert (high >= np.maximum(opened, close)).all()
    assert (volume >= 1).all()
    assert low.min() >= 1


def test_a_year_looks_like_a_market():
    drawn = draw(RULES["BTCUSDT"], np.random.default_rng(1), 365 * 1440, end_price=Decimal(68000))
    close = drawn[:, 3] * 0.01
    days = np.diff(np.log(close[::1440]))
    hours = np.abs(np.diff(np.log(close[::60])))
    assert 0.015 < days.std() < 0.06
    tails = ((days - days.mean()) ** 4).mean() / days.var() ** 2
    assert tails > 3.3  # fatter than a normal distribution's 3
    assert 20_000 < close.min() < close.max() < 250_000
    calm = np.corrcoef(hours[:-24], hours[24:])[0, 1]
    assert calm > -0.05  # wild hours are not followed by calm ones


def test_the_past_is_kept(tmp_path):
    rules = RULES["ETHUSDT"]
    past = History(rules, START, Decimal(3000), 2, 1, tmp_path)
    first = np.array(past.candles)
    again = History(rules, START, Decimal(3000), 2, 99, tmp_path)  # another seed: the file decides
    assert (np.array(again.candles) == first).all()
