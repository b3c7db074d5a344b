"""What the account's and the market's streams make of a faulty connection."""

import asyncio
from decimal import Decimal

import pytest

from bots.core import ports
from bots.core.types import OrderReport, OrderStatus
from exchanges.connector import socket
from exchanges.connector.factory import account_stream, price_stream
from exchanges.connector.stream import StreamReset
from exchanges.simulator import faults_frames
from exchanges.tests.faulty import BTC, KEY, STREAMED, alice, clock, eventually, name, place, sim
from exchanges.tests.test_streams import Heard, running

__all__ = ["alice", "clock", "name", "sim"]
D = Decimal
pytestmark = STREAMED  # others are polled: what they hear, they ask for


def states(heard):
    return [(each.client_id, each.status) for each in heard.of(OrderReport)]


def stream_fault(sim, kind, **options):
    return sim.strike(kind, api_key=KEY, endpoint="stream", **options)


@pytest.fixture(autouse=True)
def _prompt(monkeypatch):
    monkeypatch.setattr(socket, "RECONNECT_DELAYS", (0.0,))


@pytest.fixture
async def heard(alice):
    heard = Heard()
    async with running(account_stream(alice, lambda: {BTC}).run(heard)):
        await heard.until(lambda events: events == [StreamReset()])
        yield heard


OPEN, CANCELLED = OrderStatus.OPEN, OrderStatus.CANCELLED


@pytest.mark.parametrize("kind", ["ws_drop", "ws_malformed"])
async def test_a_stream_that_breaks_starts_anew_and_says_so(kind, sim, alice, heard):
    fault = stream_fault(sim, kind, count=1)
    await place(alice)
    await heard.until(lambda events: len(events.of(StreamReset)) == 2)
    assert (states(heard), fault.struck) == ([], 1), "what the broken one had to say is lost"
    assert [each.client_id for each in await alice.open_orders(BTC)] == ["agx1"]
    await alice.cancel_order(BTC, "agx1")
    await heard.until(lambda events: states(events) == [("agx1", CANCELLED)])


async def test_a_stream_may_say_everything_twice(sim, alice, heard):
    stream_fault(sim, "ws_duplicate")
    await place(alice)
    await heard.until(lambda events: states(events) == [("agx1", OPEN)] * 2)


async def test_a_stream_may_tell_the_end_before_the_beginning(sim, alice, heard, monkeypatch):
    monkeypatch.setattr(faults_frames, "HELD_SECONDS", 600)
    stream_fault(sim, "ws_reorder", count=1)
    await place(alice)
    await alice.cancel_order(BTC, "agx1")
    await heard.until(lambda events: ("agx1", CANCELLED) in states(events))
    await place(alice, "agother")  # more frames, where those were not enough to overtake the held one
    await alice.cancel_order(BTC, "agother")
    await heard.until(lambda events: ("agx1", OPEN) in states(events))
    assert [told for told in states(heard) if told[0] == "agx1"] == [("agx1", CANCELLED), ("agx1", OPEN)]


async def test_what_is_never_overtaken_comes_late(sim, alice, heard, monkeypatch):
    monkeypatch.setattr(faults_frames, "HELD_SECONDS", 0.05)
    stream_fault(sim, "ws_reorder", count=1)
    await place(alice)
    await heard.until(lambda events: states(events) == [("agx1", OPEN)])


async def test_a_silent_stream_stays_open(sim, alice, heard):
    silence = stream_fault(sim, "ws_silence")
    await place(alice)
    assert silence.struck > 0
    sim.faults.clear()
    await alice.cancel_order(BTC, "agx1")
    await heard.until(lambda events: states(events) == [("agx1", CANCELLED)])
    assert len(heard.of(StreamReset)) == 1


async def test_a_revoked_key_loses_its_stream_and_gets_no_other(sim, alice):
    heard = Heard()
    async with running(account_stream(alice, lambda: {BTC}).run(heard)) as stream:
        await heard.until(bool)
        await place(alice)
        await heard.until(lambda events: states(events) == [("agx1", OPEN)])
        sim.strike("key_revoked", api_key=KEY)
        sim.exchange.set_price("BTCUSDT", D(40_000))
        with pytest.raises(ports.AccountRefused):
            await asyncio.wait_for(stream, 60)


async def test_a_fault_of_one_key_leaves_the_markets_alone_and_others_strike_them_too(sim, alice):
    heard = Heard()
    silence = stream_fault(sim, "ws_silence")
    async with running(price_stream(alice.markets).run(lambda: {BTC}, heard, Heard())):
        await heard.until(bool)
        assert silence.struck == 0
        await broken(sim, heard, "ws_drop", D(60_001))
        await broken(sim, heard, "ws_malformed", D(60_002))


async def broken(sim, heard, kind, price):
    """The frame with this price is struck, and yet the price is heard."""
    fault = sim.strike(kind, count=1)
    sim.exchange.set_price("BTCUSDT", price)
    await eventually(lambda: fault.struck)
    await heard.until(lambda events: events[-1].price == price)
