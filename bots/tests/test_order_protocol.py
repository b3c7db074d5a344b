"""The writes of an order's life: never two for a slot, never without the lease, never the same id."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from bots.core.ids import parse
from bots.core.ports import LeaseLost
from bots.core.slots import SlotState
from bots.core.strategies.base import Beginning, Grants
from bots.core.types import OrderStatus, OrderType, Side
from bots.models import Bot, BotEvent, BotSlot, Order
from bots.services import outcome, trading
from bots.services.trading import Lease
from bots.tests.records import MARKET, START, book, fill_of, lease_of, opened, plain_bot, planned

D = Decimal


@pytest.fixture
def bot(alice):
    return plain_bot(alice, status="running", lease_token=5)


def record(bot, order, status, **values):
    return trading.record(lease=lease_of(bot), order=order, status=status, market=MARKET, **values)


def test_an_intent_is_a_pending_order_with_an_id_that_names_it(bot):
    orders = trading.intend(
        lease=lease_of(bot),
        orders=[planned(3, cycle=7), planned(-2, Side.SELL, type=OrderType.MARKET, price=None)],
    )
    for order, (slot, cycle, side) in zip(orders, [(3, 7, Side.BUY), (-2, 0, Side.SELL)], strict=True):
        named = parse(order.client_id)
        assert named is not None
        assert (named.slot, named.cycle, named.side, named.attempt) == (slot, cycle, side, 0)
        row = Order.objects.get(id=order.id)
        assert (row.status, row.sent_at, row.run) == ("pending", None, 1)
        assert (row.client_order_id, row.slot, row.cycle) == (order.client_id, slot, cycle)


def test_dust_is_reserved_with_the_intent_that_counts_on_it(bot):
    trading.intend(lease=lease_of(bot), orders=[planned(3, cycle=2, dust=D("0.00000500"))])
    slot = BotSlot.objects.get(bot=bot, slot=3)
    assert (slot.cycle, slot.dust) == (2, D("0.00000500"))


def test_a_slot_has_one_live_order_ever(bot):
    first = opened(bot, slot=3)
    for changes in ({}, {"cycle": 1}, {"side": Side.SELL}):
        with pytest.raises(IntegrityError, match="orders_one_live_per_slot"), transaction.atomic():
            trading.intend(lease=lease_of(bot), orders=[planned(3, **changes)])
    assert Order.objects.count() == 1
    record(bot, first, OrderStatus.CANCELLED)
    trading.intend(lease=lease_of(bot), orders=[planned(3)])


def test_of_two_intents_for_a_slot_neither_is_written(bot):
    with pytest.raises(IntegrityError), transaction.atomic():
        trading.intend(lease=lease_of(bot), orders=[planned(1), planned(3), planned(3, Side.SELL)])
    assert not Order.objects.exists()


def test_each_attempt_has_an_id_of_its_own(bot):
    seen: set[str] = set()
    for end in (OrderStatus.ERROR, OrderStatus.CANCELLED, OrderStatus.ERROR):
        order = opened(bot, slot=3) if end is OrderStatus.CANCELLED else None
        if order is None:
            [order] = trading.intend(lease=lease_of(bot), orders=[planned(3)])
        named = parse(order.client_id)
        assert named is not None
        assert named.attempt == len(seen)
        seen.add(order.client_id)
        record(bot, order, end)
    assert len(seen) == 3


def test_bots_never_share_an_id(bot, alice):
    other = plain_bot(alice)
    ids = {opened(each, slot=0).client_id for each in (bot, other)}
    assert len(ids) == 2


def test_an_order_is_sent_once(bot):
    [order] = trading.intend(lease=lease_of(bot), orders=[planned()])
    assert trading.mark_sent(lease=lease_of(bot), order=order, sent_at=START)
    assert not trading.mark_sent(lease=lease_of(bot), order=order, sent_at=START + 1)
    assert Order.objects.get().sent_at == START


@pytest.mark.parametrize("status", [OrderStatus.OPEN, OrderStatus.CANCELLED, OrderStatus.ERROR])
def test_only_a_pending_order_is_sent(bot, status):
    [order] = trading.intend(lease=lease_of(bot), orders=[planned()])
    record(bot, order, status)
    assert not trading.mark_sent(lease=lease_of(bot), order=order, sent_at=START)


def test_another_bots_lease_does_not_send_an_order(bot, alice):
    [order] = trading.intend(lease=lease_of(bot), orders=[planned()])
    other = lease_of(plain_bot(alice, lease_token=5))
    assert not trading.mark_sent(lease=other, order=order, sent_at=START)


WRITES = {
    "intend": lambda lease, order: trading.intend(lease=lease, orders=[planned(9)]),
    "record": lambda lease, order: trading.record(
        lease=lease, order=order, status=OrderStatus.CANCELLED, market=MARKET
    ),
    "begin": lambda lease, order: trading.begin(lease=lease, beginning=Beginning({"run": 1})),
    "grant": lambda lease, order: trading.grant(lease=lease, grants=Grants({0: D(1)})),
    "remember": lambda lease, order: trading.remember(lease=lease, memory={"peak": "1"}),
    "explain": lambda lease, order: trading.explain(lease=lease, reasons={0: "too_far: far away"}),
    "request_stop": lambda lease, order: outcome.request_stop(
        lease=lease, reason="x", action="keep", rule="y"
    ),
    "finished": lambda lease, order: outcome.finished(lease=lease),
    "fail": lambda lease, order: outcome.fail(lease=lease, reason="x"),
}


@pytest.mark.parametrize("name", WRITES)
def test_without_the_lease_nothing_is_written(bot, name):
    order = opened(bot)
    stale = lease_of(bot)
    Bot.objects.update(lease_token=6, stopping=True)  # another worker has claimed it
    before = [list(table.objects.values()) for table in (Bot, Order, BotSlot, BotEvent)]
    with pytest.raises(LeaseLost):
        WRITES[name](stale, order)
    assert [list(table.objects.values()) for table in (Bot, Order, BotSlot, BotEvent)] == before
    WRITES[name](Lease(bot.pk, 6), order)
    assert [list(table.objects.values()) for table in (Bot, Order, BotSlot, BotEvent)] != before


def test_without_the_lease_nothing_is_sent(bot):
    [order] = trading.intend(lease=lease_of(bot), orders=[planned()])
    Bot.objects.update(lease_token=6)
    assert not trading.mark_sent(lease=lease_of(bot), order=order, sent_at=START)
    assert Order.objects.get().sent_at is None


def test_a_fill_is_taken_in_whatever_the_lease(bot):
    order = opened(bot)
    Bot.objects.update(lease_token=6)
    assert book(bot, fill_of(order, 1)).order.status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ([OrderStatus.OPEN, OrderStatus.CANCELLED], "cancelled"),
        ([OrderStatus.ERROR, OrderStatus.OPEN], "error"),
        ([OrderStatus.CANCELLED, OrderStatus.OPEN], "cancelled"),
        ([OrderStatus.OPEN, OrderStatus.ERROR], "open"),
        ([OrderStatus.FILLED, OrderStatus.CANCELLED], "filled"),
        ([OrderStatus.ERROR, OrderStatus.CANCELLED], "cancelled"),
    ],
)
def test_only_legal_transitions_are_recorded(bot, path, end):
    [order] = trading.intend(lease=lease_of(bot), orders=[planned()])
    for status in path:
        change = record(bot, order, status, exchange_id="77")
    row = Order.objects.get()
    assert row.status == change.order.status.value == end
    assert (row.closed_at is None) == (end in ("pending", "open"))
    assert row.exchange_order_id == "77"


def test_a_refusal_keeps_its_reason(bot):
    [order] = trading.intend(lease=lease_of(bot), orders=[planned()])
    change = record(bot, order, OrderStatus.ERROR, reason="filter: " + "x" * 500)
    assert len(change.order.reason) == 300
    assert Order.objects.get().reason.startswith("filter: xxx")


def test_a_beginning_resets_the_slots_it_names(bot):
    opened_order = opened(bot, slot=1)
    book(bot, fill_of(opened_order, 1))
    state = SlotState(1, cycle=1)
    trading.begin(lease=lease_of(bot), beginning=Beginning({"run": 1, "granted": False}, (state,)))
    bot.refresh_from_db()
    assert bot.memory == {"run": 1, "granted": False}
    slot = BotSlot.objects.get(bot=bot, slot=1)
    assert (slot.cycle, slot.bought) == (1, 0)
    assert BotEvent.objects.filter(kind="run_started").exists()


def test_a_jump_of_hundreds_of_steps_takes_few_queries(bot, django_assert_max_num_queries):
    slots = tuple(SlotState(number, cycle=2) for number in range(300))
    with django_assert_max_num_queries(12):
        trading.begin(lease=lease_of(bot), beginning=Beginning({"run": 1, "shift": 300}, slots, "It moved."))
    assert BotSlot.objects.filter(bot=bot, cycle=2).count() == 300


def test_moves_of_a_grid_that_follow_one_another_are_told_as_one(bot):
    for shift in (1, 2, 5):
        text = f"The grid moved up: it is {shift} steps above now."
        moved = Beginning({"run": 1, "shift": shift}, (SlotState(1, cycle=shift),), text)
        trading.begin(lease=lease_of(bot), beginning=moved)
    [event] = BotEvent.objects.filter(bot=bot)
    assert event.kind == "grid_moved"
    assert event.text == "The grid moved up: it is 5 steps above now. That was move 3 in a row."
    end = Beginning({"run": 1, "shift": 5, "ended": [5, 1]}, text="The grid stays: it cannot move up.")
    trading.begin(lease=lease_of(bot), beginning=end)
    assert BotEvent.objects.get(bot=bot).text == "The grid stays: it cannot move up."
    assert BotSlot.objects.get(bot=bot, slot=1).cycle == 5


def test_the_purchase_is_granted_once_a_run(bot):
    trading.begin(lease=lease_of(bot), beginning=Beginning({"run": 1, "granted": False}))
    granted = trading.grant(lease=lease_of(bot), grants=Grants({1: D("0.001"), 2: D("0.002")}))
    assert {slot: state.granted for slot, state in granted.items()} == {1: D("0.001"), 2: D("0.002")}
    again = trading.grant(lease=lease_of(bot), grants=Grants({1: D("0.005"), 2: D("0.005")}))
    assert again == granted
    bot.refresh_from_db()
    assert bot.memory["granted"] is True


def test_the_reasons_of_slots_come_and_go(bot):
    book(bot, fill_of(opened(bot, slot=1), 1))
    trading.explain(lease=lease_of(bot), reasons={1: "too_far: " + "x" * 500, 2: "funds: none"})
    kept = dict(BotSlot.objects.values_list("slot", "reason"))
    assert (kept[2], len(kept[1])) == ("funds: none", 300)
    trading.explain(lease=lease_of(bot), reasons={1: ""})
    assert dict(BotSlot.objects.values_list("slot", "reason")) == {1: "", 2: "funds: none"}
    assert BotSlot.objects.get(slot=1).bought > 0


def test_a_second_sale_of_an_exit_may_be_refused(bot):
    """The first market sale ended half-way; the exchange then refuses the next one, which has no price."""
    book(bot, fill_of(opened(bot, slot=0, quantity=D("0.002")), 1))
    market = {"type": OrderType.MARKET, "price": None, "quantity": D("0.00199")}
    first = opened(bot, -2, Side.SELL, **market)
    change = book(bot, fill_of(first, 2, quantity=D("0.001")))
    record(bot, change.order, OrderStatus.CANCELLED)
    [second] = trading.intend(
        lease=lease_of(bot), orders=[planned(-2, Side.SELL, **market | {"quantity": D("0.00099")})]
    )
    refused = record(bot, second, OrderStatus.ERROR, reason="refused: insufficient balance")
    assert refused.order.status is OrderStatus.ERROR
    assert (refused.slot.cycle, refused.slot.sold) == (0, D("0.001"))


def test_a_run_whose_order_vanished_goes_on(bot):
    """A record for an order that the exchange calls filled waits for its fills to move the slot."""
    order = opened(bot)
    change = record(bot, order, OrderStatus.FILLED)
    assert (change.order.status, change.slot.bought) == (OrderStatus.FILLED, 0)
    change = book(bot, fill_of(order, 1))
    assert (change.order.filled, change.slot.bought) == (D("0.001"), D("0.000999"))
    assert replace(change.order, filled=D(0)).status is OrderStatus.FILLED
