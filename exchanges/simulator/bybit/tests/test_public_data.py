import gzip
import json
from decimal import Decimal
from pathlib import Path

import ccxt
import pytest

from exchanges.simulator.bybit.payloads import instrument
from exchanges.simulator.bybit.rules import INSTRUMENTS
from exchanges.simulator.tests.conftest import stop

BTC = "BTC/USDT"
CAPTURE = Path("/work/shared/data/markets/bybit_spot_instruments-info_2026-08-09.json.gz")


async def test_markets_have_the_rules_of_the_real_exchange(alice):
    market = alice.market(BTC)
    assert market["precision"] == {"amount": 0.000001, "price": 0.1}
    assert market["limits"]["amount"] == {"min": 0.000001, "max": 230}
    assert market["limits"]["cost"] == {"min": 5, "max": 8_000_000}
    assert len(alice.markets) == 22
    assert alice.currencies.keys() >= {"BTC", "USDT"}


@pytest.mark.skipif(not CAPTURE.exists(), reason="the captures are not part of the repository")
def test_instruments_are_those_that_were_captured():
    real = json.loads(gzip.decompress(CAPTURE.read_bytes()))["result"]["list"]
    by_symbol = {each["symbol"]: each for each in real}
    for symbol, listed in INSTRUMENTS.items():
        assert instrument(listed.rules) == by_symbol[symbol]


async def test_a_ticker_has_its_last_price_and_both_sides(alice, bybit):
    ticker = await alice.fetch_ticker(BTC)
    assert ticker["last"] == float(bybit.venue("BTCUSDT").price)
    assert ticker["bid"] < ticker["ask"]
    assert len(await alice.fetch_tickers()) == 22


async def test_candles_end_with_the_minute_that_forms(alice, bybit):
    now = stop(bybit)
    candles = await alice.fetch_ohlcv(BTC, "1m", limit=5)
    assert [row[0] for row in candles] == [now - now % 60_000 - n * 60_000 for n in range(4, -1, -1)]
    since = candles[0][0] - 60 * 60_000
    hour = await alice.fetch_ohlcv(BTC, "1m", since, 10)
    assert (hour[0][0], len(hour)) == (since, 10)
    (whole,) = await alice.fetch_ohlcv(BTC, "5m", since - since % 300_000, 1)
    assert whole[0] == since - since % 300_000


async def test_other_categories_list_nothing(alice):
    for category in ("linear", "inverse", "option"):
        reply = await alice.publicGetV5MarketInstrumentsInfo({"category": category})
        assert reply["result"]["list"] == []


async def test_time_is_the_exchange_s(alice, bybit):
    now = stop(bybit)
    assert await alice.fetch_time() == now


async def test_rules_that_change_in_the_running_market_are_shown_and_hold(alice, bybit):
    bybit.change_rules("BTCUSDT", tick=Decimal(1), lot=Decimal("0.001"))
    shown = (await alice.publicGetV5MarketInstrumentsInfo({"category": "spot", "symbol": "BTCUSDT"}))[
        "result"
    ]
    (info,) = shown["list"]
    assert (info["priceFilter"]["tickSize"], info["lotSizeFilter"]["basePrecision"]) == ("1", "0.001")
    order = {"category": "spot", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.001"}
    with pytest.raises(ccxt.InvalidOrder, match="170134"):
        await alice.privatePostV5OrderCreate(order | {"price": "60000.5"})
    with pytest.raises(ccxt.InvalidOrder, match="170137"):
        await alice.privatePostV5OrderCreate(order | {"price": "60000", "qty": "0.0011"})
