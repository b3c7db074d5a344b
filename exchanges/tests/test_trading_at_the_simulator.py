"""The connector against the simulated exchange, through the unmodified ccxt client."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from bots.core import ports
from bots.core.types import Liquidity, OrderReport, OrderStatus, OrderType, Side
from exchanges.connector import client
from exchanges.connector.client import Keys
from exchanges.connector.rest import RestConnector
from exchanges.connector.transport import client_session
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.certificates import ensure_certificates
from exchanges.simulator.testing import RunningSimulator, running_simulator
from exchanges.tests.conftest import Connecting, order

D = Decimal


@pytest.fixture
async def sim() -> AsyncIterator[RunningSimulator]:
    async with running_simulator(seed=1) as running:
        running.exchange.set_price("BTCUSDT", D(60_000))
        yield running


@pytest.fixture
async def alice(sim: RunningSimulator, connecting: Connecting) -> Any:
    return await connecting(sim.transport, Keys("demo-alice", "secret-of-alice"))


async def test_an_order_is_found_by_the_exchanges_own_id(alice):
    placed = await place(alice)
    found = await alice.order_by_id("BTC/USDT", placed.exchange_id)
    assert found.client_id == "agx1"
    assert await alice.order_by_id("BTC/USDT", "987654321") is None


async def test_open_orders_of_all_markets_are_told_by_their_client_ids(alice, sim):
    await place(alice)
    sim.exchange.set_price("ETHUSDT", D(3000))
    await place(alice, "agx2", symbol="ETH/USDT", price=D(2500), quantity=D("0.01"))
    assert await alice.open_client_ids() == {"agx1", "agx2"}


async def test_an_order_for_which_the_limiter_has_no_room_for_long_is_rate_limited(alice, monkeypatch):
    async def never(_rate):
        await asyncio.Event().wait()

    await alice.market("BTC/USDT")
    alice.venue.order_patience = 0.01
    monkeypatch.setattr(alice.venue.limiter, "acquire", never)
    with pytest.raises(ports.RateLimited):
        await alice.reserve_order()


async def place(connector: RestConnector, client_id: str = "agx1", **changes: Any) -> OrderReport:
    await connector.reserve_order()
    return await connector.create_order(order(client_id, **changes), await connector.exchange_time())


async def test_markets_carry_the_exchanges_own_rules(alice):
    market = await alice.market("BTC/USDT")
    assert (market.tick, market.lot, market.min_notional) == (D("0.01"), D("0.00001"), D(5))
    assert (market.max_orders, market.min_price_ratio, market.max_price_ratio) == (200, D("0.2"), D(5))
    assert market.market_max_quantity > 0
    assert str(market.tick) == "0.01"
    assert {each.symbol for each in await alice.tradable()} >= {"BTC/USDT", "ETH/USDT"}


async def test_a_limit_order_is_placed_found_and_cancelled_by_its_client_id(alice):
    placed = await place(alice)
    assert (placed.status, placed.client_id, placed.filled) == (OrderStatus.OPEN, "agx1", D(0))
    assert (placed.price, placed.quantity, placed.side) == (D(50_000), D("0.001"), Side.BUY)
    found = await alice.fetch_order("BTC/USDT", "agx1")
    assert (found.exchange_id, found.status) == (placed.exchange_id, OrderStatus.OPEN)
    assert [each.client_id for each in await alice.open_orders("BTC/USDT")] == ["agx1"]
    cancelled = await alice.cancel_order("BTC/USDT", "agx1")
    assert (cancelled.client_id, cancelled.status) == ("agx1", OrderStatus.CANCELLED)
    assert await alice.open_orders("BTC/USDT") == []
    assert await alice.cancel_order("BTC/USDT", "agx1") is None
    assert (await alice.fetch_order("BTC/USDT", "agx1")).status is OrderStatus.CANCELLED


async def test_what_was_never_placed_is_not_found(alice):
    assert await alice.fetch_order("BTC/USDT", "agnone") is None
    assert await alice.cancel_order("BTC/USDT", "agnone") is None


async def test_a_market_buy_is_by_base_quantity_and_its_fee_in_base(alice):
    report = await place(alice, type=OrderType.MARKET, price=None, post_only=False, quantity=D("0.01000"))
    assert (report.status, report.filled, report.price) == (OrderStatus.FILLED, D("0.01"), None)
    fills = await alice.order_fills("BTC/USDT", report.exchange_id)
    assert sum(fill.quantity for fill in fills) == D("0.01")
    assert {(fill.fee_asset, fill.liquidity) for fill in fills} == {("BTC", Liquidity.TAKER)}
    held = await alice.balances()
    assert held["BTC"].free == D("0.01") - sum(fill.fee for fill in fills)
    spent = sum(fill.price * fill.quantity for fill in fills)
    assert held["USDT"].free == D(100_000) - spent


async def test_an_open_order_locks_its_balance(alice):
    await place(alice)
    assert (await alice.balances())["USDT"].locked == D(50)


async def test_the_same_client_id_twice_is_a_duplicate(alice):
    await place(alice)
    with pytest.raises(ports.DuplicateClientId):
        await place(alice)
    assert len(await alice.open_orders("BTC/USDT")) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price": D("60500.00")}, "post_only"),
        ({"quantity": D("10.00000")}, "insufficient_funds"),
        ({"quantity": D("0.000015")}, "filter"),
        ({"price": D("50000.001")}, "filter"),
        ({"price": D("10.00")}, "filter"),
        ({"quantity": D("0.00001")}, "filter"),
    ],
)
async def test_the_exchanges_refusals_are_told_by_their_reason(changes, code, alice):
    with pytest.raises(ports.OrderRefused) as raised:
        await place(alice, **changes)
    assert raised.value.code == code
    assert await alice.fetch_order("BTC/USDT", "agx1") is None


async def test_an_order_signed_long_ago_is_refused(alice):
    await alice.reserve_order()
    long_ago = await alice.exchange_time() - client.RECV_WINDOW_MS - 500
    with pytest.raises(ports.OrderRefused) as raised:
        await alice.create_order(order(), long_ago)
    assert raised.value.code == "clock"
    assert await alice.fetch_order("BTC/USDT", "agx1") is None


async def test_many_orders_at_once_are_all_placed_up_to_the_exchanges_limit(connecting):
    async with running_simulator(limits=Limits(orders=1_000)) as sim:
        sim.exchange.set_price("BTCUSDT", D(60_000))
        alice = await connecting(sim.transport, Keys("demo-alice", "secret-of-alice"))
        sent_at = await alice.exchange_time()
        outcomes = await asyncio.gather(
            *(alice.create_order(order(f"ag{n}"), sent_at) for n in range(201)), return_exceptions=True
        )
        (refused,) = [each for each in outcomes if isinstance(each, BaseException)]
        assert isinstance(refused, ports.OrderRefused)
        assert refused.code == "too_many_orders"
        assert len(await alice.open_orders("BTC/USDT")) == 200


async def test_more_fills_than_a_page_all_come_back_once(sim, alice):
    since = await alice.exchange_time() - 1_000
    await place(alice, quantity=D("0.10000"))
    for _ in range(1_250):
        sim.exchange.trade("BTCUSDT", Side.SELL, D(50_000), D("0.00008"))
    fills = await alice.fills("BTC/USDT", since)
    assert len(fills) == len({fill.trade_id for fill in fills}) == 1_250
    assert sum(fill.quantity for fill in fills) == D("0.1")
    assert {fill.liquidity for fill in fills} == {Liquidity.MAKER}
    assert [int(fill.trade_id) for fill in fills] == sorted(int(fill.trade_id) for fill in fills)
    assert await alice.order_fills("BTC/USDT", fills[0].exchange_order_id) == fills


async def test_prices_and_candles_are_told(sim, alice):
    ticker = await alice.ticker("BTC/USDT")
    assert ticker.price == D(60_000)
    assert ticker.bid < ticker.ask
    now = await alice.exchange_time()
    candles = await alice.candles("BTC/USDT", now - 3_600_000, 100)
    times = [candle.time for candle in candles]
    assert times == list(range(times[0], times[0] + len(times) * 60_000, 60_000))
    assert all(candle.low <= candle.open <= candle.high for candle in candles)
    assert candles[-1].high >= D(60_000)


async def test_accounts_are_told_apart(sim, connecting, alice):
    bob = await connecting(sim.transport, Keys("demo-bob", "secret-of-bob"))
    await place(alice)
    assert await bob.open_orders("BTC/USDT") == []
    assert await bob.account_id() != await alice.account_id()


async def test_a_wrong_secret_is_an_account_refused(sim, connecting):
    sim.exchange.create_account("key-of-alice", "secret-of-alice")
    impostor = await connecting(sim.transport, Keys("key-of-alice", "not-the-secret"))
    with pytest.raises(ports.AccountRefused):
        await impostor.balances()
    with pytest.raises(ports.AccountRefused):
        await place(impostor)


async def test_a_host_that_is_no_exchange_cannot_be_reached(alice):
    with pytest.raises(OSError, match="not an exchange"):
        await alice.venue.session.get("https://example.org/")


async def test_only_the_local_authority_is_trusted(sim, tmp_path):
    other, _ = ensure_certificates(tmp_path)
    async with client_session(sim.transport | {"ca": str(other)}) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get("https://api.binance.com/api/v3/time")
