"""What becomes of an order when a fault strikes: what the client is told, and what the exchange's book holds."""

import asyncio
from decimal import Decimal

import pytest

from bots.core import ports
from bots.core.types import OrderStatus
from exchanges.connector import client
from exchanges.connector.client import RECV_WINDOW_MS, TIMEOUT_MS  # as they are; the tests have more patience
from exchanges.tests.faulty import BTC, KEY, TELLS_RIGHTS, alice, clock, delay, eventually, name, place, sim

__all__ = ["alice", "clock", "delay", "name", "sim"]
D = Decimal

ACCEPTED = ["accept_then_drop", "truncate", "html_200", "empty_200"]


@pytest.mark.parametrize("kind", ACCEPTED)
async def test_an_accepted_order_whose_reply_is_lost_is_unknown_and_on_the_book(kind, sim, alice):
    fault = sim.strike(kind, api_key=KEY, endpoint="create", count=1)
    with pytest.raises(ports.OutcomeUnknown):
        await place(alice)
    assert sim.on_book() == ["agx1"]
    assert sim.requests() == [("agx1", True, kind)]
    assert fault.struck == 1
    assert (await alice.fetch_order(BTC, "agx1")).status is OrderStatus.OPEN
    await place(alice, "agx2")
    assert sim.on_book() == ["agx1", "agx2"]


UNDECIDED = ["http_500", "http_503", "code_-1006", "code_-1007"]


@pytest.mark.parametrize("kind", UNDECIDED)
async def test_what_the_exchange_does_not_know_is_unknown_and_done_half_the_time(kind, sim, alice):
    sim.strike(kind, api_key=KEY, endpoint="create")
    sent = [f"ag{n}" for n in range(12)]
    for client_id in sent:
        with pytest.raises(ports.OutcomeUnknown):
            await place(alice, client_id)
    assert 0 < len(sim.on_book()) < len(sent)
    assert [client_id for client_id, *_ in sim.requests()] == sent
    done = [client_id for client_id, done, fault in sim.requests() if done and fault == kind]
    assert done == sim.on_book()


@pytest.mark.parametrize("kind", ["hang", "maintenance"])
async def test_an_order_that_was_not_even_looked_at_may_not_be_taken_for_refused(
    kind, sim, alice, monkeypatch
):
    if kind == "hang":
        monkeypatch.setattr(alice.client, "timeout", 300)
    sim.strike(kind, endpoint="create", count=1)
    with pytest.raises(ports.OutcomeUnknown):
        await place(alice)
    assert sim.on_book() == []
    assert [(client_id, fault) for client_id, _, fault in sim.requests()] == [("agx1", kind)]


@pytest.mark.parametrize(("kind", "retry_after"), [("http_429", 2), ("http_418", 5)])
async def test_a_request_too_many_is_refused_and_everybody_slows_down(kind, retry_after, sim, alice, limiter):
    sim.strike(kind, endpoint="create", count=1)
    with pytest.raises(ports.RateLimited) as raised:
        await place(alice)
    assert raised.value.retry_after == retry_after
    assert limiter.pauses == [(sim.name, retry_after, "")]
    assert sim.on_book() == []
    assert sim.requests() == [("agx1", False, kind)]


async def test_a_refused_time_is_a_refusal(sim, alice):
    sim.strike("code_-1021", endpoint="create", count=1)
    with pytest.raises(ports.OrderRefused) as raised:
        await place(alice)
    assert raised.value.code == "clock"
    assert sim.on_book() == []


async def test_inside_the_window_an_order_is_accepted_after_its_client_has_looked_for_it(
    sim, alice, delay, monkeypatch
):
    sim.strike("delay_inside_window", endpoint="create", count=1)
    monkeypatch.setattr(alice.client, "timeout", 200)
    with pytest.raises(ports.OutcomeUnknown):
        await place(alice)
    monkeypatch.setattr(alice.client, "timeout", client.TIMEOUT_MS)
    assert await alice.fetch_order(BTC, "agx1") is None
    delay.end.set()
    await eventually(lambda: sim.on_book() == ["agx1"])
    assert sim.requests() == [("agx1", True, "delay_inside_window")]


async def test_outside_the_window_the_exchange_refuses_after_the_client_has_given_up(
    sim, alice, clock, delay, monkeypatch
):
    monkeypatch.setattr(alice.client, "timeout", 200)
    sim.strike("delay_outside_window", endpoint="create", count=1)
    with pytest.raises(ports.OutcomeUnknown):
        await place(alice)
    clock.ahead = client.RECV_WINDOW_MS + 1
    delay.end.set()
    await eventually(lambda: sim.requests()[0][1] is not None)
    assert sim.requests() == [("agx1", False, "delay_outside_window")]
    assert sim.on_book() == []


def test_the_delays_lie_on_their_side_of_the_window(sim):
    assert sim.faults.delay_inside * 1000 < RECV_WINDOW_MS
    assert sim.faults.delay_outside * 1000 > TIMEOUT_MS


async def test_half_of_a_new_order_is_filled_before_its_reply_arrives(sim, alice):
    sim.strike("partial_fill", count=1)
    assert (await place(alice, quantity=D("0.00102"))).status is OrderStatus.OPEN
    found = await alice.fetch_order(BTC, "agx1")
    assert (found.status, found.filled) == (OrderStatus.OPEN, D("0.00051"))
    (fill,) = await alice.order_fills(BTC, found.exchange_id)
    assert (fill.quantity, fill.price) == (D("0.00051"), D(50_000))
    assert sim.exchange.venue("BTCUSDT").price == D(60_000), "nobody else sees this trade"


async def test_half_of_an_order_is_filled_just_before_its_cancellation(sim, alice):
    await place(alice, "agother")
    await place(alice)
    sim.strike("partial_fill", endpoint="cancel", count=1)
    cancelled = await alice.cancel_order(BTC, "agx1")
    assert (cancelled.status, cancelled.filled) == (OrderStatus.CANCELLED, D("0.00050"))
    assert sim.held("agother").executed == 0


async def test_a_fill_that_wins_the_race_leaves_nothing_to_cancel(sim, alice):
    await place(alice)
    sim.strike("fill_before_cancel", count=1)
    assert await alice.cancel_order(BTC, "agx1") is None
    assert (await alice.fetch_order(BTC, "agx1")).status is OrderStatus.FILLED
    assert sim.requests(cancels=True) == [("agx1", False, "fill_before_cancel")]


async def test_a_cancellation_whose_reply_is_lost_is_asked_for_again_and_finds_nothing(sim, alice):
    await place(alice)
    sim.strike("accept_then_drop", endpoint="cancel", count=1)
    assert await alice.cancel_order(BTC, "agx1") is None
    assert sim.held().status == "CANCELED"
    assert [done for _, done, _ in sim.requests(cancels=True)] == [True, False]


async def test_an_order_that_is_there_may_not_be_found_for_a_while(sim, alice, clock):
    await place(alice)
    sim.strike("not_found", seconds=20)
    assert await alice.fetch_order(BTC, "agx1") is None
    assert [each.client_id for each in await alice.open_orders(BTC)] == ["agx1"]
    clock.ahead = 20_001
    assert (await alice.fetch_order(BTC, "agx1")).status is OrderStatus.OPEN


async def test_open_orders_and_trades_may_lag_behind_too(sim, alice):
    sim.strike("partial_fill", count=1)
    placed = await place(alice)
    sim.strike("not_found", endpoint="open_orders", count=1)
    sim.strike("not_found", endpoint="trades", count=1)
    assert await alice.open_orders(BTC) == []
    assert await alice.order_fills(BTC, placed.exchange_id) == []
    assert len(await alice.open_orders(BTC)) == len(await alice.order_fills(BTC, placed.exchange_id)) == 1


async def test_a_revoked_key_is_refused_everywhere_until_the_fault_ends(sim, alice):
    fault = sim.strike("key_revoked", api_key=KEY)
    for act in (
        place(alice),
        alice.balances(),
        alice.fetch_order(BTC, "agx1"),
        alice.cancel_order(BTC, "agx1"),
    ):
        with pytest.raises(ports.AccountRefused):
            await act
    assert (await alice.ticker(BTC)).price == D(60_000)
    sim.faults.end(fault.id)
    await place(alice)
    assert sim.on_book() == ["agx1"]


@TELLS_RIGHTS
async def test_a_key_gains_the_right_to_withdraw(sim, alice):
    assert (await alice.key_facts()).moves_money is False
    sim.strike("key_withdraw", api_key=KEY)
    assert (await alice.key_facts()).moves_money is True
    sim.faults.clear()
    assert (await alice.key_facts()).moves_money is False


async def test_only_the_named_key_is_struck(sim, alice, connecting):
    bob = await connecting(
        sim.transport, client.Keys("demo-bob", "secret-of-bob", passphrase="phrase-of-bob"), exchange=sim.name
    )
    sim.strike("http_503", api_key=KEY, endpoint="create")
    await place(bob, "agbob")
    with pytest.raises(ports.OutcomeUnknown):
        await place(alice)


READS = [
    "accept_then_drop",
    "http_500",
    "http_503",
    "truncate",
    "html_200",
    "empty_200",
    "code_-1006",
    "code_-1007",
]
READS += ["code_-1021", "maintenance", "http_429"]


@pytest.mark.parametrize("kind", READS)
async def test_a_read_is_asked_again_after_any_of_them(kind, sim, alice):
    await place(alice)
    fault = sim.strike(kind, endpoint="open_orders", count=1)
    assert [each.client_id for each in await alice.open_orders(BTC)] == ["agx1"]
    assert fault.struck == 1


async def test_a_hanging_request_outlives_neither_its_client_nor_the_server(sim, alice):
    sim.strike("hang", endpoint="create")
    waiting = asyncio.create_task(place(alice))
    await eventually(sim.requests)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert sim.requests() == [("agx1", None, "hang")]
