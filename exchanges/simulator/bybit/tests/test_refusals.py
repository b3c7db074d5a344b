"""Bybit's own codes for what it will not do."""

import ccxt
import pytest

from exchanges.simulator.bybit.tests.conftest import near
from exchanges.simulator.tests.conftest import stop

BTC = "BTC/USDT"
ORDER = {"category": "spot", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}

REFUSED = [
    ({"qty": "0.0100001"}, "170137"),
    ({"qty": "0.0000001"}, "170136"),
    ({"qty": "1000"}, "170135"),
    ({"qty": "0.00005"}, "170140"),
    ({"price": "60000.01"}, "170134"),
    ({"price": "0.01"}, "170133"),
    ({"qty": "200"}, "170124"),
    ({"symbol": "NOUSDT"}, "170121"),
    ({"side": "Up"}, "10001"),
    ({"orderType": "Stop"}, "10001"),
    ({"timeInForce": "Never"}, "10001"),
    ({"qty": "x"}, "10001"),
    ({"qty": ""}, "10001"),
    ({"orderLinkId": "x" * 37}, "10001"),
    ({"category": "linear"}, "10001"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED)
async def test_an_order_that_breaks_a_rule_is_refused_with_its_code(alice, bybit, change, code):
    with pytest.raises(ccxt.BaseError, match=f'"retCode":{code},'):
        await alice.privatePostV5OrderCreate(ORDER | {"price": "60000"} | change)
    assert bybit.open_orders(bybit.accounts.keys["demo-alice"].uid) == []


async def test_a_price_far_beyond_the_market_is_refused(alice, bybit):
    with pytest.raises(ccxt.InvalidOrder, match="170193"):
        await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 1.02))
    with pytest.raises(ccxt.InvalidOrder, match="170194"):
        await alice.create_order(BTC, "limit", "sell", 0.01, near(bybit, 0.98))


async def test_what_the_account_does_not_have_cannot_be_spent(alice, bybit):
    with pytest.raises(ccxt.InsufficientFunds, match="170131"):
        await alice.create_order(BTC, "limit", "buy", 10, near(bybit, 0.99))
    with pytest.raises(ccxt.InsufficientFunds, match="170131"):
        await alice.create_order(BTC, "market", "sell", 0.01)


async def test_what_is_unknown_cannot_be_cancelled(alice):
    with pytest.raises(ccxt.OrderNotFound, match="170213"):
        await alice.cancel_order(None, BTC, {"orderLinkId": "none"})
    with pytest.raises(ccxt.OrderNotFound, match="170213"):
        await alice.cancel_order("None", BTC)


async def test_a_wrong_secret_and_an_unknown_key_are_told_apart(clients):
    stranger = clients()
    with pytest.raises(ccxt.AuthenticationError, match="10004"):
        await clients(secret="wrong").privateGetV5AccountInfo()
    stranger.apiKey = "stranger"
    with pytest.raises(ccxt.AuthenticationError, match="10003"):
        await stranger.privateGetV5AccountInfo()


async def test_a_request_out_of_time_is_refused(clients, monkeypatch):
    client = clients()
    for off in (-66_000, 60_000):
        monkeypatch.setattr(client, "nonce", lambda off=off: ccxt.Exchange.milliseconds() + off)
        with pytest.raises(ccxt.InvalidNonce, match="10002"):
            await client.privateGetV5AccountInfo()


async def test_a_key_that_may_only_read_places_nothing(clients, bybit):
    reader = clients("demo-readonly", "s")
    await reader.load_markets()
    assert (await reader.fetch_balance())["USDT"]["free"] == 100_000
    with pytest.raises(ccxt.PermissionDenied, match="10005"):
        await reader.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99))


@pytest.mark.parametrize(
    ("name", "read_only", "wallet", "ips"),
    [
        ("demo", 0, [], ["203.0.113.7"]),
        ("demo-withdraw", 0, ["Withdraw"], ["203.0.113.7"]),
        ("demo-readonly", 1, [], ["203.0.113.7"]),
        ("demo-noip", 0, [], ["*"]),
    ],
)
async def test_a_key_tells_what_it_may(clients, name, read_only, wallet, ips):
    info = (await clients(name, "s").privateGetV5UserQueryApi())["result"]
    assert (info["readOnly"], info["permissions"]["Wallet"], info["ips"]) == (read_only, wallet, ips)


async def test_more_than_twenty_orders_a_second_are_too_many(clients, bybit):
    client = clients()
    stop(bybit, client)
    order = ORDER | {"price": f"{near(bybit, 0.9):.1f}"}
    for _ in range(20):
        await client.privatePostV5OrderCreate(order)
    with pytest.raises(ccxt.RateLimitExceeded, match="10006"):
        await client.privatePostV5OrderCreate(order)
    assert len(bybit.open_orders(bybit.accounts.keys["demo-alice"].uid)) == 20
