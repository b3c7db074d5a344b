"""What stands between a fill and its counter order costs so many trips to the database and no more."""

import pytest

from bots.core.types import OrderStatus, Side
from bots.models import BotEvent
from bots.services import sql, trading
from bots.tests.records import MARKET, START, book, fill_of, lease_of, opened, plain_bot, planned


@pytest.fixture
def trips(monkeypatch):
    """Counts them: each holds one statement or several."""
    made = []
    plain = sql.round_trip

    def counted(*statements):
        made.append(len(statements))
        return plain(*statements)

    monkeypatch.setattr(sql, "round_trip", counted)
    return made


@pytest.fixture
def bot(alice):
    return plain_bot(alice, status="running")


def test_a_fill_is_read_in_one_and_written_in_one(bot, trips, django_assert_num_queries):
    opened(bot)  # the slot has its row
    order = opened(bot, 1)
    trips.clear()
    with django_assert_num_queries(2):  # of the savepoint that stands for the transaction here
        book(bot, fill_of(order, 1))
    assert trips == [4, 5]
    assert BotEvent.objects.filter(kind="order_filled").exists()


def test_intents_are_written_in_one_however_many(bot, trips, django_assert_num_queries):
    with django_assert_num_queries(2):
        trading.intend(lease=lease_of(bot), orders=[planned(slot) for slot in range(5)])
    assert trips == [3, 1]


def test_a_mark_is_one_statement(bot, trips, django_assert_num_queries):
    [order] = trading.intend(lease=lease_of(bot), orders=[planned()])
    trips.clear()
    with django_assert_num_queries(1):
        assert trading.mark_sent(lease=lease_of(bot), order=order, sent_at=START)
    assert trips == []


def test_an_accepted_order_is_recorded_in_one(bot, trips, django_assert_num_queries):
    done = opened(bot)
    book(bot, fill_of(done, 1))
    [order] = trading.intend(lease=lease_of(bot), orders=[planned(side=Side.SELL)])
    trips.clear()
    with django_assert_num_queries(2):
        trading.record(
            lease=lease_of(bot), order=order, status=OrderStatus.OPEN, exchange_id="9", market=MARKET
        )
    assert trips == [4]
