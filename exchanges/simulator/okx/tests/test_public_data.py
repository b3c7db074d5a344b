from exchanges.simulator.tests.conftest import stop

BTC = "BTC/USDT"


async def test_markets_as_ccxt_reads_them(alice):
    market = alice.market(BTC)
    assert market["precision"] == {"amount": 0.000001, "price": 0.01}
    assert market["limits"]["amount"]["min"] == 0.00001
    assert (market["active"], market["spot"]) == (True, True)
    assert len(alice.markets) == 22


async def test_a_ticker_has_its_last_price_and_both_sides(alice, okx):
    ticker = await alice.fetch_ticker(BTC)
    assert ticker["last"] == float(okx.venue("BTCUSDT").price)
    assert ticker["bid"] < ticker["ask"]
    assert len(await alice.fetch_tickers()) == 22


async def test_candles_end_with_the_minute_that_forms(alice, okx):
    now = stop(okx)
    candles = await alice.fetch_ohlcv(BTC, "1m", limit=5)
    assert [row[0] for row in candles] == [now - now % 60_000 - n * 60_000 for n in range(4, -1, -1)]
    since = candles[0][0] - 3600_000
    earlier = await alice.fetch_ohlcv(BTC, "1m", since, 10)
    assert (earlier[0][0], len(earlier)) == (since, 10)
    (hour,) = await alice.fetch_ohlcv(BTC, "1h", since - since % 3600_000, 1)
    assert hour[0] == since - since % 3600_000


async def test_time_is_the_exchange_s(alice, okx):
    now = stop(okx)
    assert await alice.fetch_time() == now
