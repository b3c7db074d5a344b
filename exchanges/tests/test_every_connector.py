"""What a bot may rely on, whatever the exchange: one suite for all connectors, against the simulated exchanges."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from bots.core import ports
from bots.core.types import Fill, OrderReport, OrderStatus, OrderType, Side, Ticker
from exchanges.connector import client, socket
from exchanges.connector.client import Keys
from exchanges.connector.factory import account_stream, price_stream
from exchanges.connector.facts import FACTS
from exchanges.connector.rest import RestConnector
from exchanges.connector.stream import StreamReset
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.testing import RunningSimulator, running_simulator
from exchanges.tests.conftest import Connecting, order
from exchanges.tests.test_streams import Heard, running

D = Decimal
BTC = "BTC/USDT"
ALICE = Keys("demo-alice", "secret-of-alice", "uid-1", "phrase-of-alice")
EXCHANGES = [name for name in FACTS if name != "okx-testnet"]  # told from the real one by a header alone


@dataclass
class Place:
    """One exchange, seen from both sides."""

    there: Exchange
    alice: RestConnector
    sim: RunningSimulator
    connecting: Connecting

    @property
    def name(self) -> str:
        return self.alice.exchange

    async def place(self, client_id: str = "agx1", **changes: Any) -> OrderReport:
        await self.alice.reserve_order()
        sent_at = await self.alice.exchange_time()
        return await self.alice.create_order(order(client_id, **changes), sent_at)

    async def until(self, client_id: str, wanted: Callable[[OrderReport], bool]) -> OrderReport:
        """Some exchanges only acknowledge, and act a moment later."""
        async with asyncio.timeout(60):
            while True:
                found = await self.alice.fetch_order(BTC, client_id)
                if found is not None and wanted(found):
                    return found
                await asyncio.sleep(0.02)

    def sell_into(self, quantity: str) -> None:
        self.there.trade("BTCUSDT", Side.SELL, D(50_000), D(quantity))


@pytest.fixture(params=EXCHANGES)
async def at(request: Any, connecting: Connecting, monkeypatch: Any) -> AsyncIterator[Place]:
    monkeypatch.setattr(socket, "RECONNECT_DELAYS", (0.0,))
    async with running_simulator(seed=1) as sim:
        there = sim.exchanges[request.param]
        there.set_price("BTCUSDT", D(60_000))
        alice = await connecting(sim.transport, ALICE, exchange=request.param)
        yield Place(there, alice, sim, connecting)


async def test_markets_are_told_by_their_steps_and_minima(at):
    market = await at.alice.market(BTC)
    assert (market.base, market.quote) == ("BTC", "USDT")
    assert 0 < market.lot <= market.min_quantity < market.max_quantity
    assert 0 < market.tick < 1
    assert 0 <= market.min_notional <= 10
    assert {BTC, "ETH/USDT"} <= {each.symbol for each in await at.alice.tradable()}
    with pytest.raises(ports.UnknownSymbol):
        await at.alice.market("NO/SUCH")


async def test_a_limit_order_is_placed_found_and_cancelled(at):
    placed = await at.place()
    assert (placed.status, placed.client_id, placed.filled) == (OrderStatus.OPEN, "agx1", D(0))
    assert placed.exchange_id
    found = await at.alice.fetch_order(BTC, "agx1")
    assert (found.exchange_id, found.status, found.side) == (placed.exchange_id, OrderStatus.OPEN, Side.BUY)
    assert (found.price, found.quantity) == (D(50_000), D("0.001"))
    assert [each.client_id for each in await at.alice.open_orders(BTC)] == ["agx1"]
    assert (await at.alice.order_by_id(BTC, placed.exchange_id)).client_id == "agx1"
    assert await at.alice.open_client_ids() in ({"agx1"}, None)
    await at.alice.cancel_order(BTC, "agx1")
    await at.until("agx1", lambda report: report.status is OrderStatus.CANCELLED)
    assert await at.alice.open_orders(BTC) == []
    assert await at.alice.cancel_order(BTC, "agx1") is None
    assert (await at.alice.fetch_order(BTC, "agx1")).status is OrderStatus.CANCELLED


async def test_what_was_never_placed_is_not_found(at):
    assert await at.alice.fetch_order(BTC, "agnone") is None
    assert await at.alice.cancel_order(BTC, "agnone") is None
    assert await at.alice.open_orders(BTC) == []
    assert await at.alice.fills(BTC, await at.alice.exchange_time() - 60_000) == []


async def test_a_post_only_order_never_takes(at):
    """Refused at once, or accepted and cancelled a moment later."""
    if at.name.startswith("binance"):
        with pytest.raises(ports.OrderRefused) as raised:
            await at.place(price=D(60_500))
        assert raised.value.code == "post_only"
    else:
        await at.place(price=D(60_500))
        ended = await at.until("agx1", lambda report: report.status is not OrderStatus.OPEN)
        assert (ended.status, ended.filled, ended.reason) == (OrderStatus.CANCELLED, D(0), "post_only")
    assert await at.alice.fills(BTC, await at.alice.exchange_time() - 60_000) == []


async def test_a_part_of_an_order_is_filled_and_told_as_it_was(at):
    placed = await at.place(quantity=D("0.00300"))
    at.sell_into("0.001")
    report = await at.until("agx1", lambda report: report.filled > 0)
    assert (report.status, report.filled) == (OrderStatus.OPEN, D("0.001"))
    (fill,) = await at.alice.order_fills(BTC, placed.exchange_id)
    assert fill.exchange_order_id == placed.exchange_id
    assert fill.client_id in ("agx1", "")
    assert (fill.price, fill.quantity, fill.side) == (D(50_000), D("0.001"), Side.BUY)
    market = await at.alice.market(BTC)
    assert fill.fee_asset == (market.base if market.fee_in_base_on_buy else market.quote)
    assert fill.fee >= 0
    await at.alice.cancel_order(BTC, "agx1")
    ended = await at.until("agx1", lambda report: report.status is OrderStatus.CANCELLED)
    assert ended.filled == D("0.001")


async def test_a_market_order_is_by_base_quantity(at):
    placed = await at.place(type=OrderType.MARKET, price=None, post_only=False, quantity=D("0.01000"))
    report = await at.until("agx1", lambda report: report.status is OrderStatus.FILLED)
    assert (report.filled, report.price) == (D("0.01"), None)
    fills = await at.alice.order_fills(BTC, placed.exchange_id)
    assert sum(fill.quantity for fill in fills) == D("0.01")
    paid = {"BTC": D(0), "USDT": D(0)}
    for fill in fills:
        paid[fill.fee_asset] += fill.fee
    held = await at.alice.balances()
    assert held["BTC"].free == D("0.01") - paid["BTC"]
    spent = sum(fill.price * fill.quantity for fill in fills)
    assert held["USDT"].free == D(100_000) - spent - paid["USDT"]


async def test_an_open_order_locks_its_balance(at):
    await at.place()
    held = (await at.alice.balances())["USDT"]
    assert D(50) <= held.locked < D("50.1"), "with the fee where it is taken in quote"
    assert held.free + held.locked == D(100_000)


async def test_more_fills_than_a_page_all_come_back_once_and_in_order(at):
    since = await at.alice.exchange_time() - 1_000
    placed = await at.place(quantity=D("0.10000"))
    for number in range(230):
        at.sell_into("0.0004")
        if number % 20 == 0:
            await asyncio.sleep(0.005)
    fills = await at.alice.fills(BTC, since)
    assert len(fills) == len({fill.trade_id for fill in fills}) == 230
    assert sum(fill.quantity for fill in fills) == D("0.092")
    assert [fill.time for fill in fills] == sorted(fill.time for fill in fills)
    assert await at.alice.order_fills(BTC, placed.exchange_id) == fills


async def test_what_the_account_cannot_pay_for_is_refused(at):
    with pytest.raises(ports.OrderRefused) as raised:
        await at.place(quantity=D("10.00000"))
    assert raised.value.code == "insufficient_funds"
    assert FACTS[at.name].name in raised.value.detail
    assert await at.alice.fetch_order(BTC, "agx1") is None


async def test_an_order_under_the_minimum_is_refused(at):
    with pytest.raises(ports.OrderRefused) as raised:
        await at.place(quantity=D("0.000001"))
    assert raised.value.code == "filter"


async def test_an_order_signed_long_ago_is_refused(at):
    await at.alice.reserve_order()
    long_ago = await at.alice.exchange_time() - client.RECV_WINDOW_MS - 500
    with pytest.raises(ports.OrderRefused) as raised:
        await at.alice.create_order(order(), long_ago)
    assert raised.value.code == "clock"
    assert await at.alice.fetch_order(BTC, "agx1") is None


async def test_the_same_client_id_twice_is_never_two_open_orders_unnoticed(at):
    await at.place()
    if at.name == "mexc":
        return  # nobody knows what it says; the order protocol never sends twice
    with pytest.raises(ports.DuplicateClientId):
        await at.place()
    assert len(await at.alice.open_orders(BTC)) == 1


async def test_a_wrong_secret_is_the_accounts_trouble(at):
    at.there.create_account("key-of-alice", "secret-of-alice")
    keys = Keys("key-of-alice", "not-the-secret", passphrase="phrase-of-alice")
    impostor = await at.connecting(at.sim.transport, keys, exchange=at.name)
    with pytest.raises(ports.AccountRefused) as raised:
        await impostor.open_orders(BTC)
    assert raised.value.code in FACTS[at.name].signature_codes
    with pytest.raises(ports.AccountRefused):
        await impostor.create_order(order(), await impostor.exchange_time())


async def test_a_key_tells_what_it_may_do_as_far_as_the_exchange_does(at):
    found = await at.alice.key_facts()
    assert (found.may_trade, found.account_uid) == (True, await at.alice.account_id())
    assert found.account_uid
    untold = at.name in ("mexc", "binance-testnet")
    assert found.moves_money is (None if untold else False)
    if untold:
        return
    keys = Keys("demo-withdraw", "secret-of-alice", passphrase="phrase")
    unsafe = await at.connecting(at.sim.transport, keys, exchange=at.name)
    assert (await unsafe.key_facts()).moves_money is True
    keys = Keys("demo-readonly", "secret-of-alice", passphrase="phrase")
    useless = await at.connecting(at.sim.transport, keys, exchange=at.name)
    assert (await useless.key_facts()).may_trade is False


async def test_prices_and_candles_are_told(at):
    ticker = await at.alice.ticker(BTC)
    assert ticker.price == D(60_000)
    assert ticker.bid <= ticker.ask
    now = await at.alice.exchange_time()
    start = now // 60_000 * 60_000 - 3_600_000
    candles = await at.alice.candles(BTC, start, 20)
    assert [candle.time for candle in candles] == list(range(start, start + 20 * 60_000, 60_000))
    assert all(candle.low <= candle.open <= candle.high for candle in candles)


@pytest.fixture
def quick(monkeypatch: Any) -> None:
    """Polls without waiting for the next second."""
    from exchanges.connector import polling

    monkeypatch.setattr(polling, "pause_of", lambda facts: 0.05)


@pytest.mark.usefixtures("quick")
async def test_the_account_stream_tells_every_fill_and_every_end(at):
    heard = Heard()
    async with running(account_stream(at.alice, lambda: {BTC}).run(heard)):
        await heard.until(lambda events: events == [StreamReset()])
        await at.place(quantity=D("0.00300"))
        await at.until("agx1", lambda report: report.status is OrderStatus.OPEN)
        at.sell_into("0.001")
        await heard.until(lambda events: len(events.of(Fill)) == 1)
        at.sell_into("0.002")
        await heard.until(lambda events: len({fill.trade_id for fill in events.of(Fill)}) == 2)
        await heard.until(lambda events: events.of(OrderReport)[-1].status is OrderStatus.FILLED)
    assert {each.client_id for each in (*heard.of(Fill), *heard.of(OrderReport))} == {"agx1"}
    assert {(fill.price, fill.liquidity.value) for fill in heard.of(Fill)} == {(D(50_000), "maker")}


@pytest.mark.usefixtures("quick")
async def test_the_account_stream_tells_of_an_order_that_was_filled_at_once(at):
    heard = Heard()
    async with running(account_stream(at.alice, lambda: {BTC}).run(heard)):
        await heard.until(lambda events: events == [StreamReset()])
        await at.place(type=OrderType.MARKET, price=None, post_only=False)
        await heard.until(
            lambda events: any(each.status is OrderStatus.FILLED for each in events.of(OrderReport))
        )
        await heard.until(lambda events: sum(fill.quantity for fill in events.of(Fill)) >= D("0.001"))


@pytest.mark.usefixtures("quick")
async def test_the_account_stream_tells_of_an_order_cancelled_by_hand(at):
    heard = Heard()
    async with running(account_stream(at.alice, lambda: {BTC}).run(heard)):
        await heard.until(lambda events: events == [StreamReset()])
        await at.place()
        await at.until("agx1", lambda report: report.status is OrderStatus.OPEN)
        await at.alice.cancel_order(BTC, "agx1")
        await heard.until(
            lambda events: any(each.status is OrderStatus.CANCELLED for each in events.of(OrderReport))
        )


@pytest.mark.usefixtures("quick")
async def test_prices_follow_the_market(at):
    heard, wanted = Heard(), {BTC, "NO/SUCH"}
    async with running(price_stream(at.alice.markets).run(lambda: wanted, heard, Heard())):
        await heard.until(bool)
        at.there.set_price("BTCUSDT", D(60_100))
        await heard.until(lambda events: events.of(Ticker)[-1].price == D(60_100))
        wanted.add("ETH/USDT")
        await heard.until(lambda events: any(each.symbol == "ETH/USDT" for each in events.of(Ticker)))
    assert {each.symbol for each in heard} == {BTC, "ETH/USDT"}


LOST = ["accept_then_drop", "truncate", "html_200", "empty_200", "http_500", "http_503"]


async def test_a_reply_that_does_not_name_the_order_leaves_it_unknown_and_findable(at):
    for number, kind in enumerate(LOST):
        fault = at.sim.faults.add(kind, exchange=at.name, endpoint="create", count=1)
        with pytest.raises(ports.OutcomeUnknown):
            await at.place(f"ag{number}")
        assert fault.struck == 1, kind
        found = await at.alice.fetch_order(BTC, f"ag{number}")
        shown = {order.client_id for order in at.there.open_orders(int(await at.alice.account_id()))}
        assert (found is not None) == (f"ag{number}" in shown), kind
    assert "ag0" in shown, "accepted, and its reply lost"


async def test_a_revoked_key_is_told_from_everything_that_passes(at):
    await at.place()
    at.sim.faults.add("key_revoked", exchange=at.name, api_key=ALICE.api_key)
    with pytest.raises(ports.AccountRefused):
        await at.place("ag2")
    with pytest.raises(ports.AccountRefused):
        await at.alice.open_orders(BTC)


async def test_too_many_requests_are_a_refusal_of_the_order(at, limiter):
    at.sim.faults.add("http_429", exchange=at.name, endpoint="create", count=1)
    with pytest.raises(ports.RateLimited):
        await at.place()
    assert [exchange for exchange, _, _ in limiter.pauses] == [at.name]
    assert await at.alice.fetch_order(BTC, "agx1") is None
