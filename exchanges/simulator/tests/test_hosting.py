"""Several exchanges behind one port, told apart by the host that is asked."""

import asyncio

import ccxt.pro
import pytest

from exchanges.simulator.exchange import Exchange
from exchanges.simulator.hosting import LISTINGS, open_exchanges
from exchanges.simulator.market import Market
from exchanges.simulator.tests.conftest import OPTIONS
from exchanges.simulator.tests.test_restart import Clock, place

BTC = "BTC/USDT"
OTHERS = sorted(set(LISTINGS) - {"binance"})


def test_the_others_open_near_the_first_exchange_but_not_at_its_prices():
    exchanges = open_exchanges(clock=Clock(), seed=3)
    for name in OTHERS:
        for symbol, venue in exchanges[name].venues.items():
            first = exchanges["binance"].venue(symbol)
            assert abs(venue.price / first.price - 1) < 0.01
        assert exchanges[name].venue("BTCUSDT").price != exchanges["binance"].venue("BTCUSDT").price


def test_their_past_has_the_same_shape():
    exchanges = open_exchanges(clock=Clock(), seed=3)
    start = exchanges["binance"].venue("BTCUSDT").candles.history.start
    first = exchanges["binance"].venue("BTCUSDT").candles.rows(start, Clock.now)
    for name in OTHERS:
        rows = exchanges[name].venue("BTCUSDT").candles.rows(start, Clock.now)
        assert len(rows) == len(first)
        assert (abs(rows[:, 4] / first[:, 4] - 1) < 0.002).all()


def test_their_prices_go_where_the_first_exchange_goes():
    clock = Clock()
    exchanges = open_exchanges(clock=clock)
    followers = [(exchanges[name], Market(exchanges[name])) for name in OTHERS]
    target = exchanges["binance"].venue("BTCUSDT").price * 9 / 10
    exchanges["binance"].set_price("BTCUSDT", target)
    for exchange, market in followers:
        for _ in range(40):  # the quotes on the way are taken one push at a time
            clock.now += 1000
            market.step("BTCUSDT", 1.0)
        assert abs(exchange.venue("BTCUSDT").price / target - 1) < 0.005


def test_a_price_pushed_by_hand_comes_back_slowly():
    exchanges = open_exchanges(clock=Clock())
    exchange = exchanges[OTHERS[0]]
    market, before = Market(exchange), exchange.venue("BTCUSDT").price
    exchange.set_price("BTCUSDT", before * 2)
    market.step("BTCUSDT", 1.0)
    assert exchange.venue("BTCUSDT").price > before * 19 / 10
    for _ in range(60):
        market.step("BTCUSDT", 30.0)
    assert abs(exchange.venue("BTCUSDT").price / before - 1) < 0.01


def test_each_keeps_its_books_in_a_folder_of_its_own(tmp_path):
    clock = Clock()
    for _ in range(2):
        exchanges = open_exchanges(clock=clock, home=tmp_path)
        for exchange in exchanges.values():
            exchange.key("demo")
            assert len(exchange.accounts.keys) == 1
            exchange.close()
    assert {path.parent.name for path in tmp_path.glob("*/journal.sqlite")} == set(LISTINGS)


def test_a_home_of_one_exchange_alone_moves_in_as_binance(tmp_path):
    before = Exchange(clock=Clock(), home=tmp_path)
    uid = before.create_account("demo", "secret").uid
    order = place(before, uid, 0.9, "mine")
    before.venue("BTCUSDT").candles.day()
    before.close()
    exchanges = open_exchanges(clock=Clock(), home=tmp_path)
    assert [each.id for each in exchanges["binance"].open_orders(uid)] == [order.id]
    assert not list(tmp_path.glob("journal*"))
    assert (tmp_path / "binance" / "history" / "BTCUSDT.npy").exists()
    for exchange in exchanges.values():
        exchange.close()


@pytest.fixture
async def binance(sim, session):
    """Makes clients that end with the test."""
    made = []

    def make(**config):
        keys = {"apiKey": "demo-alice", "secret": "s", "session": session, "enableRateLimit": False}
        made.append(ccxt.pro.binance(keys | {"timeout": 60_000, "options": OPTIONS} | config))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.mark.parametrize("switch", ["set_sandbox_mode", "enable_demo_trading"])
async def test_a_testnet_has_accounts_and_books_of_its_own(binance, sim, switch):
    live, test = binance(), binance()
    getattr(test, switch)(True)
    price = float(sim.exchange.venue("BTCUSDT").price) * 0.9
    order = await test.create_order(BTC, "limit", "buy", 0.01, round(price), {"clientOrderId": "here"})
    assert [each["clientOrderId"] for each in await test.fetch_open_orders(BTC)] == ["here"]
    assert await live.fetch_open_orders(BTC) == []
    assert order["status"] == "open"
    assert (await live.fetch_balance())["USDT"]["used"] == 0
    assert [each.client_id for each in sim.exchanges["binance-testnet"].journal.orders.of(35_000_001)] == [
        "here"
    ]


async def test_a_testnet_does_not_tell_what_a_key_may_do(session):
    url = "/sapi/v1/account/apiRestrictions"
    async with session.get(f"https://testnet.binance.vision{url}") as answer:
        assert answer.status == 404
    async with session.get(f"https://api.binance.com{url}") as answer:
        assert answer.status == 401


async def test_a_testnet_streams_its_own_prices(binance, sim):
    test = binance()
    test.set_sandbox_mode(True)
    await test.load_markets()
    watching = asyncio.create_task(test.watch_ticker(BTC))
    ticker = await asyncio.wait_for(watching, 60)
    assert ticker["last"] == float(sim.exchanges["binance-testnet"].venue("BTCUSDT").price)
    assert ticker["last"] != float(sim.exchange.venue("BTCUSDT").price)
