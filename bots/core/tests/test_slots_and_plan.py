"""Slots add up whatever the order of their fills; a plan that was carried out is empty."""

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.core.ledger import Booking, effect
from bots.core.orders import Order, PlannedOrder
from bots.core.plan import Plan, make_plan
from bots.core.slots import (
    EXIT_SLOT,
    SlotState,
    add_fill,
    at_cycle,
    closed_after_sale,
    market_quantity,
    reserve_dust,
    smallest_order,
    tradable,
)
from bots.core.tests.strategies import MARKET, bookings, markets, places
from bots.core.types import ZERO, Market, OrderStatus, OrderType, Side


def filled(made: list[Booking], slot: int = 3) -> SlotState:
    state = SlotState(slot)
    for booking in made:
        state = add_fill(state, booking.fill.side, effect(booking, MARKET), Decimal(1))
    return state


@given(bookings(), st.randoms(use_true_random=False))
def test_the_order_of_fills_does_not_matter_to_a_slot(made: list[Booking], random: Random) -> None:
    shuffled = random.sample(made, len(made))
    for slot in (3, EXIT_SLOT):
        assert filled(shuffled, slot) == filled(made, slot)


@given(bookings())
def test_a_slot_holds_what_it_bought_less_what_it_sold(made: list[Booking]) -> None:
    state, base, quote = filled(made), ZERO, ZERO
    for booking in made:
        moved = effect(booking, MARKET)
        base, quote = base + moved.base, quote + moved.quote - moved.expense
    assert state.held == base
    assert state.received - state.spent == quote
    assert not state.untouched


def test_a_closed_cycle_earned_what_it_received_less_what_it_spent() -> None:
    state = SlotState(
        2, 4, bought=Decimal("0.1"), spent=Decimal(10), sold=Decimal("0.1"), received=Decimal(11), cycles=4
    )
    closed = closed_after_sale(state, Decimal(110), MARKET, ZERO)
    assert closed == SlotState(2, 5, cycles=5, profit=Decimal(1))


def test_what_was_granted_earns_no_grid_profit() -> None:
    state = SlotState(2, granted=Decimal("0.1"), sold=Decimal("0.1"), received=Decimal(11))
    assert closed_after_sale(state, Decimal(110), MARKET, ZERO).profit == 0


def test_a_cycle_stays_open_while_the_rest_can_be_sold() -> None:
    state = SlotState(2, bought=Decimal("0.2"), sold=Decimal("0.1"))
    assert closed_after_sale(state, Decimal(110), MARKET, ZERO) is state
    rest = replace(state, sold=Decimal("0.19"))
    assert closed_after_sale(rest, Decimal(110), MARKET, ZERO).cycle == 1, "0.01 at 110 is below the minimum"
    unsold = SlotState(2, bought=Decimal("0.00001"))
    assert closed_after_sale(unsold, Decimal(110), MARKET, ZERO) is unsold


def test_an_exit_closes_when_the_position_is_gone() -> None:
    state = SlotState(EXIT_SLOT, sold=Decimal(1), spent=Decimal(90), received=Decimal(100))
    assert closed_after_sale(state, Decimal(110), MARKET, Decimal(1)) is state
    assert closed_after_sale(state, Decimal(110), MARKET, Decimal("0.000001")).profit == 10


@given(st.integers(0, 5), st.integers(0, 5), places("0", "1"))
def test_a_later_cycle_begins_with_fresh_sums_and_keeps_the_totals(
    now: int, then: int, dust: Decimal
) -> None:
    state = SlotState(1, now, bought=Decimal(1), cycles=3, profit=Decimal(2))
    moved = at_cycle(state, then)
    assert (moved.cycles, moved.profit) == (3, 2)
    assert moved.cycle == max(now, then)
    assert moved.bought == (0 if then > now else 1)
    assert reserve_dust(state, then, dust).dust == dust


@given(markets(), places("0.01", "100000", 2), places("0.000001", "100000", 6))
def test_the_smallest_order_is_tradable_and_one_lot_less_is_not(
    market: Market, price: Decimal, quantity: Decimal
) -> None:
    smallest = smallest_order(price, market)
    assert tradable(smallest, price, market)
    assert not tradable(smallest - market.lot, price, market)
    step = market.market_lot or market.lot
    fitting = market_quantity(quantity, market)
    assert fitting <= quantity
    assert fitting % step == 0
    assert market_quantity(quantity, replace(market, market_max_quantity=step * 3)) <= step * 3


prices = st.sampled_from([None, Decimal(99), Decimal(100)])
planned = st.builds(
    PlannedOrder,
    slot=st.integers(-2, 4),
    cycle=st.integers(0, 2),
    side=st.sampled_from(Side),
    type=st.sampled_from(OrderType),
    price=prices,
    quantity=places("1", "3", 0),
    resize=st.booleans(),
)


def placed(order: PlannedOrder, status: OrderStatus = OrderStatus.OPEN) -> Order:
    return Order(
        "1",
        f"{order.slot}",
        order.slot,
        order.cycle,
        0,
        order.side,
        order.type,
        order.price,
        order.quantity,
        status,
    )


@given(st.lists(planned), st.lists(planned), st.data())
def test_a_plan_carried_out_leaves_nothing_to_plan(
    wanted: list[PlannedOrder], open_now: list[PlannedOrder], data: st.DataObject
) -> None:
    statuses = st.sampled_from([OrderStatus.OPEN, OrderStatus.OPEN, OrderStatus.PENDING])
    live = {order.slot: placed(order, data.draw(statuses)) for order in open_now}
    for _ in range(2):
        plan = make_plan(wanted, live)
        assert all(order.status is OrderStatus.OPEN for order in plan.cancel), "the unknown is left alone"
        assert not {order.slot for order in plan.place} & live.keys(), "never a second order in a slot"
        live = {slot: order for slot, order in live.items() if order not in plan.cancel}
        live |= {order.slot: placed(order) for order in plan.place}
    assert not make_plan(wanted, live)
    last = {order.slot: order for order in wanted}
    for slot, order in live.items():
        if order.status is OrderStatus.OPEN:
            assert (order.cycle, order.side, order.price) == (
                last[slot].cycle,
                last[slot].side,
                last[slot].price,
            )


@pytest.mark.parametrize(
    "change",
    [{"price": Decimal(99)}, {"side": Side.BUY}, {"cycle": 1}, {"type": OrderType.MARKET, "price": None}],
    ids=lambda change: next(iter(change)),
)
def test_an_order_that_is_not_the_wanted_one_is_cancelled_first(change: dict[str, Any]) -> None:
    wanted = PlannedOrder(1, 0, Side.SELL, OrderType.LIMIT, Decimal(100), Decimal(2))
    live = {1: placed(replace(wanted, **change))}
    assert make_plan([wanted], live) == Plan((), (live[1],))
    assert make_plan([], live) == Plan((), (live[1],))
    assert make_plan([wanted], {}) == Plan((wanted,), ())


def test_only_an_exit_is_replaced_for_its_size() -> None:
    wanted = PlannedOrder(1, 0, Side.SELL, OrderType.LIMIT, Decimal(100), Decimal(2))
    live = {1: replace(placed(wanted), quantity=Decimal(3), filled=Decimal("0.5"))}
    assert not make_plan([wanted], live)
    assert make_plan([replace(wanted, resize=True)], live).cancel
    assert not make_plan([replace(wanted, resize=True, quantity=Decimal("2.5"))], live)
