from decimal import Decimal

import ccxt
import pytest

from exchanges.simulator.tests.conftest import stop

BTC = "BTC/USDT"
# Of the real exchange: (baseAssetPrecision, quoteAssetPrecision, baseSizePrecision)
CAPTURED = {
    "BTC/USDT": (6, 2, "0.000001"),
    "LTC/USDT": (4, 2, "0.001"),
    "SOL/USDT": (2, 2, "0.01"),
    "XRP/USDT": (2, 4, "0.1"),
}


@pytest.mark.parametrize("symbol", CAPTURED)
async def test_markets_have_the_precisions_of_the_real_exchange(alice, symbol):
    base, quote, smallest = CAPTURED[symbol]
    info = alice.market(symbol)["info"]
    assert (int(info["baseAssetPrecision"]), int(info["quoteAssetPrecision"])) == (base, quote)
    assert (info["baseSizePrecision"], info["filters"]) == (smallest, [])


async def test_markets_as_ccxt_reads_them(alice):
    market = alice.market(BTC)
    assert market["precision"] == {"amount": 0.000001, "price": 0.01}
    assert market["limits"]["cost"] == {"min": 1, "max": 2_000_000}
    assert (market["active"], market["maker"], market["taker"]) == (True, 0, 0.0002)
    assert len(alice.markets) == 22


async def test_a_ticker_has_its_last_price_and_both_sides(alice, mexc):
    ticker = await alice.fetch_ticker(BTC)
    assert ticker["last"] == float(mexc.venue("BTCUSDT").price)
    assert ticker["bid"] < ticker["ask"]
    assert len(await alice.fetch_tickers()) == 22


async def test_candles_end_with_the_minute_that_forms(alice, mexc):
    now = stop(mexc)
    candles = await alice.fetch_ohlcv(BTC, "1m", limit=5)
    assert [row[0] for row in candles] == [now - now % 60_000 - n * 60_000 for n in range(4, -1, -1)]
    since = candles[0][0] - 3600_000
    earlier = await alice.fetch_ohlcv(BTC, "1m", since, 10)
    assert (earlier[0][0], len(earlier)) == (since, 10)
    (hour,) = await alice.fetch_ohlcv(BTC, "1h", since - since % 3600_000, 1)
    assert hour[0] == since - since % 3600_000


async def test_the_end_of_a_range_of_candles_is_not_in_it(alice, mexc):
    end = mexc.clock() // 60_000 * 60_000 - 60_000
    rows = await alice.spotPublicGetKlines(
        {"symbol": "BTCUSDT", "interval": "1m", "endTime": end, "limit": 2}
    )
    assert [int(row[0]) for row in rows] == [end - 120_000, end - 60_000]
    assert int(rows[0][6]) == end - 60_000


async def test_time_is_the_exchange_s(alice, mexc):
    now = stop(mexc)
    assert await alice.fetch_time() == now


async def test_rules_that_change_in_the_running_market_are_shown_and_hold(alice, mexc):
    mexc.change_rules("BTCUSDT", tick=Decimal(1), lot=Decimal("0.001"))
    (info,) = (await alice.spotPublicGetExchangeInfo({"symbol": "BTCUSDT"}))["symbols"]
    assert (info["quotePrecision"], info["baseAssetPrecision"], info["baseSizePrecision"]) == (0, 3, "0.001")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.001"}
    with pytest.raises(ccxt.BadRequest, match="price scale"):
        await alice.spotPrivatePostOrder(order | {"price": "60000.5"})
    with pytest.raises(ccxt.BadRequest, match="quantity scale"):
        await alice.spotPrivatePostOrder(order | {"price": "60000", "quantity": "0.0011"})
