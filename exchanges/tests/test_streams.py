"""Account and price streams against the simulated exchange."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from bots.core import ports
from bots.core.types import Candle, Fill, OrderReport, OrderStatus, OrderType, Side, Ticker
from exchanges.connector import socket
from exchanges.connector.binance.stream import BinanceAccountStream
from exchanges.connector.client import Keys
from exchanges.connector.factory import price_stream
from exchanges.connector.rest import RestConnector
from exchanges.connector.stream import StreamReset
from exchanges.simulator.testing import RunningSimulator, running_simulator
from exchanges.tests.conftest import order
from exchanges.tests.wire import Wire

D = Decimal


class Heard(list[Any]):
    """What a stream said, and waiting for it."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def __call__(self, *event: Any) -> None:
        self.append(event[0] if len(event) == 1 else event)
        self._news.set()

    async def until(self, enough: Callable[["Heard"], Any], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not enough(self):
                self._news.clear()
                await self._news.wait()

    def of(self, kind: type) -> list[Any]:
        return [event for event in self if isinstance(event, kind)]


@contextlib.asynccontextmanager
async def running(coroutine: Any) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(coroutine)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def sim() -> AsyncIterator[RunningSimulator]:
    async with running_simulator(seed=1) as simulator:
        simulator.exchange.set_price("BTCUSDT", D(60_000))
        yield simulator


@pytest.fixture
async def alice(sim, connecting):
    return await connecting(sim.transport, Keys("demo-alice", "secret-of-alice"))


async def place(connector: RestConnector, client_id: str = "agx1", **changes: Any) -> OrderReport:
    return await connector.create_order(order(client_id, **changes), await connector.exchange_time())


async def test_every_fill_of_a_burst_arrives_in_order(sim, alice):
    heard = Heard()
    async with running(BinanceAccountStream(alice).run(heard)):
        await heard.until(lambda events: events == [StreamReset()])
        await place(alice, quantity=D("0.10000"))
        for _ in range(500):
            sim.exchange.trade("BTCUSDT", Side.SELL, D(50_000), D("0.00020"))
        await heard.until(lambda events: len(events.of(Fill)) == 500)
        await heard.until(lambda events: events.of(OrderReport)[-1].status is OrderStatus.FILLED)
    fills = heard.of(Fill)
    assert len({fill.trade_id for fill in fills}) == 500
    assert {fill.client_id for fill in fills} == {"agx1"}
    by_rest = await alice.fills("BTC/USDT", 1)
    assert [
        (fill.trade_id, fill.price, fill.quantity, fill.fee, fill.fee_asset, fill.liquidity) for fill in fills
    ] == [
        (fill.trade_id, fill.price, fill.quantity, fill.fee, fill.fee_asset, fill.liquidity)
        for fill in by_rest
    ]
    assert heard.of(OrderReport)[-1].filled == D("0.1")


async def test_the_fill_comes_before_the_state_it_leads_to(alice):
    heard = Heard()
    async with running(BinanceAccountStream(alice).run(heard)):
        await heard.until(bool)
        await place(alice, type=OrderType.MARKET, price=None, post_only=False)
        await heard.until(
            lambda events: any(each.status is OrderStatus.FILLED for each in events.of(OrderReport))
        )
    assert isinstance(heard[-2], Fill)


async def test_a_cancel_is_reported_under_our_client_id(alice):
    heard = Heard()
    async with running(BinanceAccountStream(alice).run(heard)):
        await heard.until(bool)
        await place(alice)
        await alice.cancel_order("BTC/USDT", "agx1")
        await heard.until(lambda events: len(events.of(OrderReport)) == 2)
    assert [(each.client_id, each.status) for each in heard.of(OrderReport)] == [
        ("agx1", OrderStatus.OPEN),
        ("agx1", OrderStatus.CANCELLED),
    ]


async def test_accounts_hear_of_their_own_orders_only(sim, alice, connecting):
    bob = await connecting(sim.transport, Keys("demo-bob", "secret-of-bob"))
    heard, bobs = Heard(), Heard()
    async with running(BinanceAccountStream(alice).run(heard)), running(BinanceAccountStream(bob).run(bobs)):
        await heard.until(bool)
        await bobs.until(bool)
        await place(alice)
        await heard.until(lambda events: len(events.of(OrderReport)) == 1)
        await place(bob, "agbob")
        await bobs.until(lambda events: len(events.of(OrderReport)) == 1)
    assert [each.client_id for each in bobs.of(OrderReport)] == ["agbob"]


async def test_a_wrong_secret_ends_the_stream(sim, connecting):
    sim.exchange.create_account("key-of-alice", "secret-of-alice")
    impostor = await connecting(sim.transport, Keys("key-of-alice", "not-the-secret"))
    async with asyncio.timeout(60):
        with pytest.raises(ports.AccountRefused):
            await BinanceAccountStream(impostor).run(Heard())


class Relay:
    """A WebSocket endpoint that acknowledges each subscription and then does as the test says."""

    def __init__(self) -> None:
        self.connections = 0
        self.after: Callable[[web.WebSocketResponse, int], Any] | None = None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        message = await ws.receive_json()
        if "params" in message and isinstance(message["params"], dict):
            await ws.send_json({"id": message["id"], "status": 200, "result": {"subscriptionId": 0}})
        assert self.after is not None
        await self.after(ws, self.connections)
        return ws


@pytest.fixture
async def relay(wire: Wire) -> Relay:
    relay = Relay()
    wire.on("GET", "/ws-api/v3", relay)
    return relay


def abort(ws: web.WebSocketResponse) -> None:
    assert ws._req is not None
    assert ws._req.transport is not None
    ws._req.transport.abort()


async def stay(ws: web.WebSocketResponse) -> None:
    await ws.receive()


@pytest.mark.parametrize("ending", ["close", "abort", "no json", "no object", "strange", "terminated"])
async def test_after_every_end_the_stream_comes_back_and_says_so(
    ending, wire, relay, connecting, monkeypatch
):
    monkeypatch.setattr(socket, "RECONNECT_DELAYS", (0.0,))

    async def after(ws: web.WebSocketResponse, number: int) -> None:
        if number == 3:
            await stay(ws)
        elif ending == "close":
            await ws.close()
        elif ending == "abort":
            abort(ws)
        elif ending == "no json":
            await ws.send_str("{nonsense")
            await stay(ws)
        elif ending == "no object":
            await ws.send_str("[1, 2]")
            await stay(ws)
        elif ending == "strange":
            await ws.send_json({"event": {"e": "executionReport", "s": "BTCUSDT"}})
            await stay(ws)
        else:
            await ws.send_json({"event": {"e": "eventStreamTerminated", "E": 1}})
            await stay(ws)

    relay.after = after
    connector = await connecting(wire.transport)
    heard = Heard()
    async with running(BinanceAccountStream(connector).run(heard)):
        await heard.until(lambda events: events == [StreamReset()] * 3)
    assert relay.connections == 3


async def test_a_connection_that_went_silent_is_noticed(wire, relay, connecting, monkeypatch):
    monkeypatch.setattr(socket, "RECONNECT_DELAYS", (0.0,))
    monkeypatch.setattr(socket, "HEARTBEAT", 0.2)
    forever = asyncio.Event()

    heard = Heard()

    async def after(ws: web.WebSocketResponse, _number: int) -> None:
        await (stay(ws) if heard else forever.wait())  # the first neither reads nor answers pings

    relay.after = after
    async with running(BinanceAccountStream(await connecting(wire.transport)).run(heard)):
        await heard.until(lambda events: len(events) >= 2)
    forever.set()


async def test_tickers_follow_the_market_and_the_symbols_wanted(sim, alice):
    heard, wanted = Heard(), {"BTC/USDT", "NO/SUCH"}
    async with running(price_stream(alice.markets).run(lambda: wanted, heard, Heard())):
        sim.exchange.set_price("BTCUSDT", D(60_100))
        await heard.until(lambda events: any(each.price == D(60_100) for each in events.of(Ticker)))
        wanted.add("ETH/USDT")
        await heard.until(lambda events: any(each.symbol == "ETH/USDT" for each in events.of(Ticker)))
    assert {each.symbol for each in heard} == {"BTC/USDT", "ETH/USDT"}
    last = [each for each in heard if each.symbol == "BTC/USDT"][-1]
    assert last.bid <= last.ask


async def test_prices_are_conflated_to_the_newest(sim, alice):
    heard = Heard()
    async with running(price_stream(alice.markets).run(lambda: {"BTC/USDT"}, heard, Heard())):
        await heard.until(bool)
        before = len(heard)
        for step in range(200):
            sim.exchange.set_price("BTCUSDT", D(60_000) + step)
        await heard.until(lambda events: events[-1].price == D(60_199))
    assert len(heard) - before < 40


async def test_closed_candles_are_told_once(wire, connecting):
    closed = {"t": 60_000, "o": "1.0", "h": "3.0", "l": "0.5", "c": "2.0", "v": "10.0", "x": True}

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        for candle in (closed | {"x": False}, closed):
            await ws.send_json({"e": "kline", "E": 1, "s": "BTCUSDT", "k": candle})
        await stay(ws)
        return ws

    wire.on("GET", "/ws/0", answer)
    heard = Heard()
    stream = price_stream((await connecting(wire.transport)).markets)
    async with running(stream.run(lambda: {"BTC/USDT"}, Heard(), heard)):
        await heard.until(bool)
    assert heard == [("BTC/USDT", Candle(60_000, D(1), D(3), D("0.5"), D(2), D(10)))]


async def test_a_listener_that_fails_is_not_taken_for_a_broken_connection(sim, alice):
    def fails(_: Any) -> None:
        raise KeyError("mine")

    async with asyncio.timeout(60):
        with pytest.raises(KeyError, match="mine"):
            await BinanceAccountStream(alice).run(fails)
