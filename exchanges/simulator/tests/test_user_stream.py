import asyncio
from decimal import Decimal

BTC = "BTC/USDT"


async def subscribed(client):
    """ccxt subscribes once for orders, trades and balances."""
    await client.authenticate()


async def test_every_fill_arrives_with_its_fee_and_role(alice, sim):
    await subscribed(alice)
    venue = sim.exchange.venue("BTCUSDT")
    watching = asyncio.create_task(alice.watch_my_trades(BTC))
    await asyncio.sleep(0)
    await alice.create_order(BTC, "market", "buy", 0.01)
    (bought,) = await asyncio.wait_for(watching, 60)
    assert (bought["takerOrMaker"], bought["fee"]) == ("taker", {"currency": "BTC", "cost": 0.00001})
    price = float(venue.rules.on_tick(float(venue.price) * 1.01))
    order = await alice.create_order(BTC, "limit", "sell", 0.005, price)
    watching = asyncio.create_task(alice.watch_my_trades(BTC))
    await asyncio.sleep(0)
    sim.exchange.set_price("BTCUSDT", Decimal(str(price)))
    sold = (await asyncio.wait_for(watching, 60))[-1]
    assert (sold["order"], sold["price"], sold["amount"], sold["takerOrMaker"]) == (
        order["id"],
        price,
        0.005,
        "maker",
    )
    assert [trade["id"] for trade in await alice.fetch_my_trades(BTC)] == [bought["id"], sold["id"]]


async def test_orders_tell_their_life(alice, sim):
    await subscribed(alice)
    seen = []
    watching = asyncio.create_task(alice.watch_orders(BTC))
    await asyncio.sleep(0)
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "life"})
    seen += [(order["clientOrderId"], order["status"]) for order in await asyncio.wait_for(watching, 60)]
    watching = asyncio.create_task(alice.watch_orders(BTC))
    await asyncio.sleep(0)
    await alice.cancel_order(None, BTC, {"clientOrderId": "life"})
    seen += [(order["clientOrderId"], order["status"]) for order in await asyncio.wait_for(watching, 60)]
    assert seen == [("life", "open"), ("life", "canceled")]


async def test_balances_follow(alice, sim):
    await subscribed(alice)
    watching = asyncio.create_task(alice.watch_balance())
    await asyncio.sleep(0)
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000)
    balance = await asyncio.wait_for(watching, 60)
    assert balance["USDT"] == {"free": 99_400.0, "used": 600.0, "total": 100_000.0}


async def test_nobody_hears_of_another_account(alice, clients, sim):
    bob = clients("demo-bob", "secret of bob")
    await bob.load_markets()
    await subscribed(bob)
    watching = asyncio.create_task(bob.watch_orders(BTC))
    await asyncio.sleep(0)
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "hers"})
    await bob.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "his"})
    assert [order["clientOrderId"] for order in await asyncio.wait_for(watching, 60)] == ["his"]


async def test_a_wrong_signature_opens_no_stream(clients, sim):
    sim.exchange.create_account("demo-carol", "the right one")
    carol = clients("demo-carol", "a wrong one")
    # ccxt stumbles over this refusal with a KeyError of its own, so look at the wire.
    async with carol.session.ws_connect("wss://ws-api.binance.com:443/ws-api/v3") as socket:
        request = {"id": "1", "method": "userDataStream.subscribe.signature", "params": carol.sign_params({})}
        await socket.send_json(request)
        answer = await socket.receive_json(timeout=5)
    assert (answer["status"], answer["error"]["code"]) == (400, -1022)


async def test_a_request_that_is_not_understood_is_told_so(clients):
    async with clients().session.ws_connect("wss://ws-api.binance.com:443/ws-api/v3") as socket:
        for text, code in (("{", -1000), ('{"id": 7, "method": "fly"}', -1000), ("[]", -1000)):
            await socket.send_str(text)
            assert (await socket.receive_json(timeout=5))["error"]["code"] == code
        await socket.send_json({"id": 8, "method": "time"})
        assert (await socket.receive_json(timeout=5))["result"]["serverTime"] > 0


async def test_streams_by_url_and_wrapped(clients, sim):
    url = "wss://stream.binance.com:9443/stream?streams=btcusdt@trade/ethusdt@trade"
    async with clients().session.ws_connect(url) as socket:
        await socket.send_json({"id": 1, "method": "LIST_SUBSCRIPTIONS"})
        assert (await socket.receive_json(timeout=5))["result"] == ["btcusdt@trade", "ethusdt@trade"]
        sim.exchange.set_price("ETHUSDT", Decimal(3000))
        message = await socket.receive_json(timeout=5)
        assert (message["stream"], message["data"]["p"]) == ("ethusdt@trade", "3000.00000000")
        await socket.send_json(
            {"id": 2, "method": "UNSUBSCRIBE", "params": ["btcusdt@trade", "ethusdt@trade"]}
        )
        assert await socket.receive_json(timeout=5) == {"result": None, "id": 2}
        await socket.send_json({"id": 3, "method": "SUBSCRIBE", "params": ["nope@trade"]})
        assert (await socket.receive_json(timeout=5))["error"]["code"] == 2


async def test_public_streams(alice, sim):
    watching = [
        asyncio.create_task(alice.watch_trades(BTC)),
        asyncio.create_task(alice.watch_ticker(BTC)),
        asyncio.create_task(alice.watch_bids_asks([BTC])),
        asyncio.create_task(alice.watch_order_book(BTC)),
        asyncio.create_task(alice.watch_ohlcv(BTC, "1m")),
    ]

    async def keep_trading():
        while True:
            sim.exchange.set_price("BTCUSDT", sim.exchange.venue("BTCUSDT").price + 1)
            await asyncio.sleep(0.05)  # no event tells when the five clients have subscribed

    trading = asyncio.create_task(keep_trading())
    trades, ticker, touch, book, candles = await asyncio.wait_for(asyncio.gather(*watching), 60)
    for _ in range(5):
        book = await asyncio.wait_for(alice.watch_order_book(BTC), 60)
        assert book["bids"][0][0] < book["asks"][0][0]
    trading.cancel()
    assert trades[-1]["price"] > 0
    assert ticker["last"] > 0
    assert touch[BTC]["bid"] < touch[BTC]["ask"]
    assert book["bids"][0][0] < book["asks"][0][0]
    assert candles[-1][2] >= candles[-1][3]
