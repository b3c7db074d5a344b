"""Public and private streams, through ccxt.pro and raw."""

import asyncio
import hmac
import json
from decimal import Decimal
from hashlib import sha256

import ccxt
import pytest

from bots.core.types import Side
from exchanges.simulator.bybit.tests.conftest import near

BTC = "BTC/USDT"
SECRET = "secret of alice"
PUBLIC = "wss://stream.bybit.com/v5/public/spot"
PRIVATE = "wss://stream.bybit.com/v5/private"


async def soon(awaitable):
    return await asyncio.wait_for(awaitable, 60)


async def heard(ws, wanted):
    """The next message that is wanted."""
    while True:
        message = json.loads((await soon(ws.receive())).data)
        if wanted(message):
            return message


def sign_in(api_key, secret, expires):
    signature = hmac.new(secret.encode(), f"GET/realtime{expires}".encode(), sha256).hexdigest()
    return {"op": "auth", "args": [api_key, expires, signature], "req_id": "1"}


@pytest.fixture
async def private(session, bybit):
    """Signed in, and told of orders and executions."""
    bybit.create_account("demo-alice", SECRET)
    async with session.ws_connect(PRIVATE) as ws:
        await ws.send_json(sign_in("demo-alice", SECRET, bybit.clock() + 60_000))
        assert (await heard(ws, lambda m: m.get("op") == "auth"))["success"] is True
        await ws.send_json({"op": "subscribe", "args": ["order", "execution"]})
        assert (await heard(ws, lambda m: m.get("op") == "subscribe"))["success"] is True
        yield ws


async def test_ccxt_watches_the_ticker_and_the_trades(alice, bybit):
    assert (await soon(alice.watch_ticker(BTC)))["last"] == float(bybit.venue("BTCUSDT").price)
    watching = asyncio.create_task(alice.watch_trades(BTC))
    price = bybit.venue("BTCUSDT").rules.on_tick(near(bybit, 1.001))
    while not watching.done():  # ccxt does not tell when it has subscribed
        bybit.trade("BTCUSDT", Side.BUY, price, Decimal("0.01"))
        await asyncio.wait([watching], timeout=0.1)
    assert watching.result()[0]["price"] == float(price)


async def test_ccxt_watches_its_orders_and_executions(alice):
    watching = [asyncio.create_task(watch(BTC)) for watch in (alice.watch_orders, alice.watch_my_trades)]
    known = {}
    async with asyncio.timeout(60):
        while not all(watch.done() for watch in watching):
            name = f"seen{len(known)}"
            created = await alice.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": name})
            known[created["id"]] = name
            await asyncio.wait(watching, timeout=0.1)
    (order, *_), (trade, *_) = (watch.result() for watch in watching)
    assert order["clientOrderId"] == known[order["id"]]
    assert (trade["fee"]["currency"], trade["amount"], trade["order"] in known) == ("BTC", 0.01, True)


async def test_the_private_stream_tells_each_step_of_an_order(private, bybit, alice):
    price = near(bybit, 0.99)
    await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "steps"})
    first = await heard(private, lambda m: m.get("topic") == "order")
    assert (first["data"][0]["orderStatus"], first["data"][0]["category"]) == ("New", "spot")
    bybit.trade("BTCUSDT", Side.SELL, Decimal(str(price)), Decimal("0.004"))
    execution = await heard(private, lambda m: m.get("topic") == "execution")
    shown = execution["data"][0]
    assert (shown["orderLinkId"], shown["execQty"], shown["leavesQty"]) == ("steps", "0.004", "0.006")
    assert (shown["execFee"], shown["feeCurrency"], shown["isMaker"]) == ("0.000004", "BTC", True)
    part = await heard(private, lambda m: m.get("topic") == "order")
    assert (part["data"][0]["orderStatus"], part["data"][0]["cumExecQty"]) == ("PartiallyFilled", "0.004")
    await alice.cancel_order(None, BTC, {"orderLinkId": "steps"})
    last = await heard(private, lambda m: m.get("topic") == "order")
    assert last["data"][0]["orderStatus"] == "PartiallyFilledCanceled"


async def test_each_step_of_a_purchase_in_two_parts_tells_the_fee_until_then(private, bybit, alice):
    (_, size), (price, _) = bybit.venue("BTCUSDT").quote().depth(Side.SELL, 2)
    await alice.create_order(BTC, "limit", "buy", float(size) + 0.1, float(price))
    told = [(await heard(private, lambda m: m.get("topic") == "order"))["data"][0] for _ in range(3)]
    assert [step["orderStatus"] for step in told] == ["New", "PartiallyFilled", "Filled"]
    for step in told:
        expected = Decimal(step["cumExecQty"]) / 1000
        assert Decimal(step["cumExecFee"]) == pytest.approx(expected, abs=Decimal("1e-7"))


async def test_a_post_only_order_that_would_take_is_told_to_be_cancelled(private, bybit, alice):
    await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 1.004), {"postOnly": True})
    states = [(await heard(private, lambda m: m.get("topic") == "order"))["data"][0] for _ in range(2)]
    assert [state["orderStatus"] for state in states] == ["New", "Cancelled"]
    assert states[1]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"


async def test_a_ping_is_answered_on_both_streams(private, session):
    await private.send_json({"op": "ping", "req_id": "7"})
    assert (await heard(private, lambda m: m.get("op") == "pong"))["req_id"] == "7"
    async with session.ws_connect(PUBLIC) as ws:
        await ws.send_json({"op": "ping", "req_id": "8"})
        answer = await heard(ws, lambda m: m.get("ret_msg") == "pong")
        assert (answer["op"], answer["req_id"], answer["success"]) == ("ping", "8", True)


@pytest.mark.parametrize(("secret", "ahead"), [("wrong", 5000), (SECRET, -1)])
async def test_a_bad_sign_in_is_refused(session, bybit, secret, ahead):
    bybit.create_account("demo-alice", SECRET)
    async with session.ws_connect(PRIVATE) as ws:
        await ws.send_json(sign_in("demo-alice", secret, bybit.clock() + ahead))
        assert (await heard(ws, lambda m: m.get("op") == "auth"))["success"] is False
        await ws.send_json({"op": "subscribe", "args": ["order"]})
        assert (await heard(ws, lambda m: m.get("op") == "subscribe"))["success"] is False


async def test_ccxt_hears_of_a_wrong_secret(clients):
    clients()
    with pytest.raises(ccxt.AuthenticationError):
        await soon(clients(secret="wrong").watch_orders())


async def test_another_account_hears_nothing_of_it(private, clients, bybit):
    bob = clients("demo-bob", "b")
    await bob.create_order(BTC, "market", "buy", 0.01)
    await private.send_json({"op": "ping"})
    assert "topic" not in await heard(private, lambda _: True)


async def test_the_best_prices_are_told_whole_and_the_book_by_its_changes(session, bybit):
    async with session.ws_connect(PUBLIC) as ws:
        await ws.send_json({"op": "subscribe", "args": ["orderbook.1.BTCUSDT", "orderbook.50.BTCUSDT"]})
        best = await heard(ws, lambda m: m.get("topic") == "orderbook.1.BTCUSDT")
        assert (best["type"], len(best["data"]["b"]), len(best["data"]["a"])) == ("snapshot", 1, 1)
        whole = await heard(ws, lambda m: m.get("topic") == "orderbook.50.BTCUSDT")
        told = dict(whole["data"]["b"])
        bybit.set_price("BTCUSDT", bybit.venue("BTCUSDT").price * Decimal("0.999"))
        change = await heard(ws, lambda m: m.get("topic") == "orderbook.50.BTCUSDT")
        assert change["type"] == "delta"
        told |= dict(change["data"]["b"])
        book = bybit.venue("BTCUSDT").quote()
        now = {f"{price.normalize():f}": f"{size.normalize():f}" for price, size in book.depth(Side.BUY, 50)}
        assert {price: size for price, size in told.items() if size != "0"} == now


async def test_a_subscription_to_what_is_not_there_is_refused(session):
    async with session.ws_connect(PUBLIC) as ws:
        for topics in (["tickers.NOUSDT"], ["other.BTCUSDT"], ["tickers.BTCUSDT"] * 11, [7]):
            await ws.send_json({"op": "subscribe", "args": topics})
            assert (await heard(ws, lambda _: True))["success"] is False
        await ws.send_str("{")
        assert (await heard(ws, lambda _: True))["success"] is False
