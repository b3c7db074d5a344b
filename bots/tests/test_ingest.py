"""Fills are booked once, whatever their order, their number and their way here; the ledger shows none of it."""

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import services
from accounts.models import User
from bots import store
from bots.core.ledger import Booking, fee_in_quote, fold
from bots.core.rounding import round8
from bots.core.types import OrderStatus, Side
from bots.models import Bot, BotEvent, BotSlot, Fill, Order
from bots.services import trading
from bots.tests.records import MARKET, START, book, fill_of, lease_of, opened, plain_bot

D = Decimal


@pytest.fixture
def bot(alice):
    return plain_bot(alice, status="running")


def ledger(bot):
    return store.position_value(Bot.objects.get(pk=bot.pk))


def folded(bot, fills):
    return fold(bot.total_investment, [Booking(fill, fee_in_quote(fill, MARKET)) for fill in fills], MARKET)


def test_a_buy_moves_cash_and_base(bot):
    change = book(bot, fill_of(opened(bot), 1))
    position = ledger(bot)
    assert change.position == position
    assert (position.cash, position.base, position.cost) == (D(950), D("0.000999"), D(50))
    assert (position.realized, position.fees, position.trades) == (0, {"BTC": D("0.000001")}, 1)
    fill = Fill.objects.get()
    assert (fill.trade_id, fill.account, fill.fee_quote) == ("1", "binance:1", D("0.05"))


def test_a_fill_told_twice_is_booked_once(bot):
    fill = fill_of(opened(bot), 1)
    booked = book(bot, fill)
    assert booked is not None
    before = (
        ledger(bot),
        Order.objects.values().get(),
        BotSlot.objects.values().get(),
        BotEvent.objects.count(),
    )
    by_other_ways = book(bot, fill), book(bot, replace(fill, client_id=""))  # the second without our id
    assert by_other_ways == (replace(booked, new=False),) * 2  # what stands in the books
    after = (
        ledger(bot),
        Order.objects.values().get(),
        BotSlot.objects.values().get(),
        BotEvent.objects.count(),
    )
    assert (after, Fill.objects.count()) == (before, 1)


def test_a_fill_without_our_id_finds_its_order_by_the_exchanges(bot):
    order = opened(bot)
    assert book(bot, replace(fill_of(order, 1), client_id="")).order.id == order.id


def test_a_fill_of_nobodys_order_is_left_alone(bot, alice):
    stranger = fill_of(opened(plain_bot(alice)), 1)
    assert book(bot, stranger) is None
    assert book(bot, replace(stranger, client_id="", exchange_order_id="999999")) is None
    assert not Fill.objects.exists()


def test_two_bots_of_one_account_may_trade_with_each_other(bot, alice):
    """One trade, one id, two orders."""
    other = plain_bot(alice)
    book(other, fill_of(opened(other), 1))
    bought = fill_of(opened(bot), 7)
    sold = fill_of(opened(other, 0, Side.SELL, quantity=D("0.0009")), 7)
    assert book(bot, bought).new
    assert book(other, sold).new
    assert Fill.objects.filter(trade_id="7").count() == 2


def test_a_bot_may_trade_with_itself(bot):
    book(bot, fill_of(opened(bot, 5), 1))
    buy, sell = opened(bot, 0), opened(bot, 5, Side.SELL, quantity=D("0.0009"))
    fills = [fill_of(buy, 7), fill_of(sell, 7)]
    for fill in fills:
        assert book(bot, fill).new
    assert (ledger(bot).trades, ledger(bot).base) == (3, D("0.001098"))


def test_parts_of_an_order_add_up(bot):
    order = opened(bot)
    first = book(bot, fill_of(order, 1, quantity=D("0.0004"), price=D(49_000)))
    assert (first.order.status, first.order.filled) == (OrderStatus.OPEN, D("0.0004"))
    second = book(bot, fill_of(order, 2, quantity=D("0.0006")))
    assert (second.order.status, second.order.filled) == (OrderStatus.FILLED, D("0.001"))
    row = Order.objects.get()
    assert (row.filled_quote, row.fee_base) == (D("49.6"), D("0.000001"))
    assert row.filled_at == row.closed_at == store.at(START + 2000)
    [event] = BotEvent.objects.filter(kind="order_filled")
    assert event.text == "Bought 0.001 BTC at 49,600.00"


@pytest.mark.parametrize("status", [OrderStatus.ERROR, OrderStatus.CANCELLED])
@pytest.mark.parametrize(("quantity", "end"), [("0.001", "filled"), ("0.0004", None)])
def test_a_late_fill_of_an_order_given_up_is_booked(bot, status, quantity, end):
    order = opened(bot)
    Order.objects.update(status="pending")
    trading.record(lease=lease_of(bot), order=order, status=status, reason="absent", market=MARKET)
    fill = fill_of(order, 1, quantity=D(quantity))
    change = book(bot, fill)
    assert change.order.status.value == (end or status.value)
    assert ledger(bot) == folded(bot, [fill])
    assert Order.objects.get().filled_quantity == D(quantity)


def test_a_fill_may_come_before_the_reply_to_its_order(bot):
    order = opened(bot)
    Order.objects.update(status="pending", exchange_order_id="")
    assert book(bot, fill_of(order, 1)).order.status is OrderStatus.FILLED
    change = trading.record(
        lease=lease_of(bot),
        order=order,
        status=OrderStatus.OPEN,
        exchange_id=order.exchange_id,
        market=MARKET,
    )
    assert change.order.status is OrderStatus.FILLED
    assert Order.objects.get().exchange_order_id == order.exchange_id


def test_a_slot_closes_its_cycle_when_what_it_bought_is_sold(bot):
    bought = book(bot, fill_of(opened(bot, 4), 1))
    assert (bought.slot.bought, bought.slot.spent, bought.slot.cycle) == (D("0.000999"), D(50), 0)
    sold = book(bot, fill_of(opened(bot, 4, Side.SELL, quantity=D("0.00099")), 2))
    profit = D("0.00099") * D(50_500) * D("0.999") - round8(D(50) * D("0.00099") / D("0.000999"))
    assert (sold.slot.cycle, sold.slot.cycles, sold.slot.profit) == (1, 1, profit)
    assert sold.slot.untouched
    row = BotSlot.objects.get()
    assert (row.cycle, row.cycles, row.profit, row.bought) == (1, 1, profit, 0)
    # the dust of 0.000009 BTC stays with the bot
    assert ledger(bot).base == D("0.000009")


def test_a_cycle_stays_open_while_the_rest_can_be_sold(bot):
    book(bot, fill_of(opened(bot, 4), 1))
    sale = opened(bot, 4, Side.SELL, quantity=D("0.00099"))
    change = book(bot, fill_of(sale, 2, quantity=D("0.0005")))
    change = trading.record(
        lease=lease_of(bot), order=change.order, status=OrderStatus.CANCELLED, market=MARKET
    )
    assert (change.slot.cycle, change.slot.held) == (0, D("0.000499"))
    rest = book(bot, fill_of(opened(bot, 4, Side.SELL, quantity=D("0.00049")), 3))
    assert (rest.slot.cycle, rest.slot.cycles) == (1, 1)


def test_a_cancelled_sale_whose_rest_is_dust_closes_the_cycle(bot):
    book(bot, fill_of(opened(bot, 4), 1))
    sale = opened(bot, 4, Side.SELL, quantity=D("0.00099"))
    change = book(bot, fill_of(sale, 2, quantity=D("0.00098")))
    assert change.slot.cycle == 0
    change = trading.record(
        lease=lease_of(bot), order=change.order, status=OrderStatus.CANCELLED, market=MARKET
    )
    assert (change.slot.cycle, change.slot.cycles) == (1, 1)


def test_a_late_fill_of_a_past_cycle_is_the_bots_not_the_slots(bot):
    first = opened(bot, 4)
    trading.record(lease=lease_of(bot), order=first, status=OrderStatus.CANCELLED, market=MARKET)
    book(bot, fill_of(opened(bot, 4, cycle=1), 2))
    before = BotSlot.objects.values().get()
    book(bot, fill_of(first, 1))
    assert BotSlot.objects.values().get() == before
    assert ledger(bot).base == D("0.001998")


def test_the_exit_counts_what_its_sales_cost(bot):
    book(bot, fill_of(opened(bot, 4), 1))
    change = book(bot, fill_of(opened(bot, -2, Side.SELL, quantity=D("0.00099")), 2))
    assert (change.slot.cycle, change.slot.cycles) == (1, 1)
    assert change.slot.profit == ledger(bot).realized


def test_threads_that_bring_the_same_fill_book_it_once(transactional_db):
    alice = services.register(email="alice@example.org", password="correct horse battery")
    bot = plain_bot(alice)
    orders = [opened(bot, slot) for slot in range(4)]
    fills = [fill_of(order, number) for number, order in enumerate(orders, 1)]
    barrier = threading.Barrier(4)
    booked: list[bool] = []

    def bring(mine):
        barrier.wait(60)
        booked.extend(book(bot, fill).new for fill in mine)
        connection.close()

    ways = [fills, fills[::-1], fills[2:] + fills[:2], fills]
    threads = [threading.Thread(target=bring, args=[way]) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(booked), sum(booked), Fill.objects.count()) == (16, 4, 4)
    assert ledger(bot) == folded(bot, fills)


# A walk: each step opens an order of a slot and fills it in one or two parts, some of them at the same moment.
STEPS = st.lists(
    st.tuples(
        st.sampled_from([Side.BUY, Side.BUY, Side.SELL]),
        st.integers(100, 999),  # price in hundreds
        st.integers(10, 300),  # lots
        st.integers(1, 3),  # parts
        st.integers(0, 2),  # seconds since the fill before
        st.sampled_from(["BTC", "USDT", "BNB"]),
    ),
    min_size=1,
    max_size=6,
)


class AnyOrderOfArrival(TestCase):
    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    @given(steps=STEPS, data=st.data())
    def test_gives_one_ledger(self, steps, data):
        user = User.objects.create_user("alice@example.org", None)
        bot = plain_bot(user, cash=D(10**6), total_investment=D(10**6))
        fills = list(_fills(bot, steps))
        arriving = data.draw(st.permutations(fills + fills[:2]))
        booked = [book(bot, fill).new for fill in arriving]
        assert sum(booked) == len(fills)
        assert ledger(bot) == folded(bot, fills)
        for order in Order.objects.filter(bot=bot):
            assert order.status == "filled"
            assert order.filled_quantity == order.quantity


def _fills(bot, steps):
    time, number = START, 0
    for slot, (side, price, lots, parts, seconds, asset) in enumerate(steps):
        order = opened(bot, slot, side, quantity=lots * MARKET.lot, price=D(price * 100))
        sizes = [lots // parts] * (parts - 1)
        for size in [*sizes, lots - sum(sizes)]:
            number, time = number + 1, time + seconds * 1000
            fee = {"fee_asset": asset, "fee": D("0.00000123")}
            yield fill_of(order, number, quantity=size * MARKET.lot, **fee, time=time)
