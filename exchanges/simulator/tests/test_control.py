from decimal import Decimal

import aiohttp
import pytest

from exchanges.simulator.tests.conftest import stop

BTC = "BTC/USDT"


@pytest.fixture
async def control(sim):
    async with aiohttp.ClientSession(sim.control_url) as session:
        yield session


async def read(control, path, status=200, **options):
    async with control.request(options.pop("method", "GET"), path, **options) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_it_shows_the_market(control, sim):
    now = stop(sim.exchange)
    market = await read(control, "/control/market")
    assert len(market["symbols"]) == 22
    assert Decimal(market["symbols"]["BTCUSDT"]["price"]) == sim.exchange.venue("BTCUSDT").price
    assert market["time"] == now


async def test_it_shows_accounts_orders_and_trades_of_a_key(control, alice, clients):
    bob = clients("demo-bob", "secret of bob")
    await bob.create_order(BTC, "market", "buy", 0.02)
    await alice.create_order(BTC, "market", "buy", 0.01)
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "resting"})
    accounts = {each["api_key"]: each for each in await read(control, "/control/accounts")}
    assert set(accounts) == {"demo-alice", "demo-bob"}
    assert accounts["demo-alice"]["exchange"] == "binance"
    assert Decimal(accounts["demo-alice"]["balances"]["USDT"]["locked"]) == 600
    query = "?exchange=binance&api_key=demo-alice"
    orders = await read(control, f"/control/orders{query}")
    assert [(order["clientOrderId"], order["status"]) for order in orders][1] == ("resting", "NEW")
    assert len(orders) == 2
    assert [order["clientOrderId"] for order in await read(control, f"/control/orders{query}&open=true")] == [
        "resting"
    ]
    (trade,) = await read(control, f"/control/trades{query}")
    assert (trade["qty"], trade["commission"], trade["commissionAsset"]) == (
        "0.01000000",
        "0.00001000",
        "BTC",
    )
    assert len(await read(control, "/control/trades")) == 2
    assert len(await read(control, "/control/trades?limit=1")) == 1
    assert await read(control, "/control/trades?exchange=binance-testnet") == []
    assert "error" in await read(control, "/control/trades?exchange=none", 400)
    assert await read(control, "/control/orders?api_key=nobody") == []


async def test_it_remembers_the_order_requests_and_their_answers(control, alice):
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "one"})
    await alice.cancel_order(None, BTC, {"clientOrderId": "one"})
    with pytest.raises(Exception, match="insufficient"):
        await alice.create_order(BTC, "limit", "buy", 9, 60000, {"clientOrderId": "two"})
    requests = await read(control, "/control/requests?api_key=demo-alice")
    assert [(each["method"], each["clientOrderId"], each["status"]) for each in requests] == [
        ("POST", "one", 200),
        ("DELETE", "one", 200),
        ("POST", "two", 400),
    ]
    assert requests[2]["answer"]["code"] == -2010
    assert all("signature" not in each["parameters"] for each in requests)


async def test_it_moves_the_price_through_the_book(control, alice, sim):
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000)
    market = await read(
        control, "/control/price", method="POST", json={"symbol": "BTCUSDT", "price": "59000"}
    )
    assert market["symbols"]["BTCUSDT"]["price"] == "59000.00"
    assert (await alice.fetch_my_trades(BTC))[0]["price"] == 60000


NO_PRICES = ["{", "[]", '{"symbol": "NOPE", "price": 1}'] + [
    f'{{"symbol": "BTCUSDT", "price": {price}}}' for price in ('"x"', "-1", '"NaN"', "null", "1e9")
]


@pytest.mark.parametrize("body", NO_PRICES)
async def test_it_refuses_a_price_that_is_none(control, body):
    assert "error" in await read(control, "/control/price", 400, method="POST", data=body)


async def test_it_opens_accounts_with_a_secret_that_is_then_checked(control, sim):
    body = {"api_key": "demo-new", "api_secret": "known"}
    account = await read(control, "/control/accounts", 201, method="POST", json=body)
    assert account["balances"]["USDT"]["free"] == "100000"
    assert sim.exchange.accounts.keys["demo-new"].secret == "known"
    await read(control, "/control/accounts", 409, method="POST", json=body)
    await read(control, "/control/accounts", 400, method="POST", json={"api_key": "demo-x"})


async def test_a_limit_beyond_all_trades_is_all_of_them(control):
    assert await read(control, f"/control/trades?limit={'9' * 5000}") == []


ELSEWHERE = [{"Host": "evil.example"}, {"Host": "127.0.0.1:99999999"}, {"Host": "[::1"}]
ELSEWHERE += [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://["}]


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_pages_from_elsewhere_are_refused(control, headers):
    await read(control, "/control/accounts", 403, headers=headers)


async def test_the_page_and_its_parts_are_served_without_inline_script(control):
    async with control.get("/") as answer:
        page = await answer.text()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script src=" in page
    assert "onclick" not in page
    for part in ("page.css", "page.js"):
        async with control.get(f"/page/{part}") as answer:
            assert answer.status == 200
