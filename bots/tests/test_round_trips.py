"""What stands between a fill and its counter order costs so many trips to the database and no more."""

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from accounts.services import register
from bots.core.types import OrderStatus, Side
from bots.models import BotEvent
from bots.services import sql, trading
from bots.tests.records import MARKET, START, book, fill_of, lease_of, opened, plain_bot, planned


@pytest.fixture
def trips(monkeypatch):
    """Counts them: each holds one statement or several."""
    made = []
    plain = sql.round_trip

    def counted(*statements, **options):
        made.append(len(statements))
        return plain(*statements, **options)

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
    assert trips == [4, 6]  # the last writes the notices
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


@pytest.fixture
def outside(transactional_db):
    """A connection of somebody else: it sees what is committed."""
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    known = {name: parameters[name] for name in names if name in parameters}
    with psycopg.connect(**known, autocommit=True) as link:
        yield link


@pytest.fixture
def lasting_bot(transactional_db):
    return plain_bot(register(email="carol@example.org", password="correct horse battery"), status="running")


def test_the_last_trip_takes_the_commit_along(lasting_bot, outside):
    insert = "INSERT INTO bot_slots (bot_id, slot, cycle, granted, dust, bought, spent, sold, received, cycles, profit,"
    insert += " reason) VALUES (%s, %s, 0, 0, 0, 0, 0, 0, 0, 0, 0, '')"
    count = "SELECT count(*) FROM bot_slots"
    with transaction.atomic():
        sql.round_trip((count, ()))
        sql.round_trip((insert, (lasting_bot.pk, 1)), last=True)
        assert outside.execute(count).fetchone() == (1,)
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.round_trip((insert, (lasting_bot.pk, 2)), (insert, (lasting_bot.pk, 1)), last=True)
    assert outside.execute(count).fetchone() == (1,)  # all of it or nothing
    with transaction.atomic(), transaction.atomic():
        sql.round_trip((count, ()))
        sql.round_trip((insert, (lasting_bot.pk, 3)), last=True)
        assert outside.execute(count).fetchone() == (1,)  # what is within another transaction ends with that
    assert outside.execute(count).fetchone() == (2,)
