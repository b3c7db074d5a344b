from decimal import Decimal

import ccxt
import pytest

from exchanges.simulator.testing import wall_clock


async def test_markets_carry_the_rules_of_each_symbol(alice):
    assert len(alice.markets) == 22
    btc = alice.market("BTC/USDT")
    assert btc["active"]
    assert btc["precision"]["price"] == 0.01
    assert btc["precision"]["amount"] == 0.00001
    assert btc["limits"]["cost"]["min"] == 5
    filters = {each["filterType"]: each for each in btc["info"]["filters"]}
    assert filters["MAX_NUM_ORDERS"]["maxNumOrders"] == 200


async def test_the_clock_is_the_wall_clock(alice):
    before = wall_clock()
    assert before <= await alice.fetch_time() <= wall_clock()


async def test_a_ticker_has_a_price_between_bid_and_ask(alice, sim):
    ticker = await alice.fetch_ticker("BTC/USDT")
    assert ticker["bid"] < ticker["ask"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert Decimal(str(ticker["last"])) == sim.exchange.venue("BTCUSDT").price


async def test_tickers_of_all_symbols_and_of_some(alice):
    assert len(await alice.fetch_tickers()) == 22
    assert set(await alice.fetch_tickers(["BTC/USDT", "ETH/USDT"])) == {"BTC/USDT", "ETH/USDT"}
    assert len(await alice.fetch_bids_asks()) == 22
    assert (await alice.fetch_last_prices())["BTC/USDT"]["price"] > 0


async def test_the_book_is_deep_on_both_sides(alice):
    book = await alice.fetch_order_book("BTC/USDT", 100)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert sum(price * quantity for price, quantity in book["asks"]) > 5_000_000


async def test_public_trades_are_what_was_traded(alice, sim):
    price = sim.exchange.venue("BTCUSDT").price + 5
    sim.exchange.set_price("BTCUSDT", price)
    assert Decimal(str((await alice.fetch_trades("BTC/USDT"))[-1]["price"])) == price


async def test_an_unknown_symbol_is_refused(alice):
    with pytest.raises(ccxt.BadSymbol, match="-1121"):
        await alice.publicGetTicker24hr({"symbol": "NOPEUSDT"})


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"interval": "1m"}, "-1102"),
        ({"symbol": "BTCUSDT"}, "-1102"),
        ({"symbol": "BTCUSDT", "interval": "7m"}, "-1120"),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "many"}, "-1100"),
    ],
)
async def test_malformed_requests_name_their_fault(alice, parameters, code):
    with pytest.raises(ccxt.BaseError, match=code):
        await alice.publicGetKlines(parameters)
