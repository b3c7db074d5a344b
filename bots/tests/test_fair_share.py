"""Many bots are claimed at once, and workers share them fairly."""

import pytest
from django.utils import timezone

from bots.models import Bot, Worker
from bots.runtime import leases
from bots.services.trading import Lease
from bots.tests.records import plain_bot


def worker(name, **values):
    return Worker.objects.create(name=name, lock_key=1, heartbeat_at=timezone.now(), **values)


@pytest.fixture
def bots(alice):
    first = plain_bot(alice, status="running")
    more = [Bot(**{**_values(first), "name": f"bot {number}"}) for number in range(9)]
    Bot.objects.bulk_create(more)
    return [bot.pk for bot in Bot.objects.all()]


def _values(bot):
    left_out = ("id", "created_at")
    return {f.attname: getattr(bot, f.attname) for f in Bot._meta.fields if f.name not in left_out}


def test_all_are_claimed_in_one_transaction(bots, django_assert_max_num_queries):
    owner = worker("w1")
    with django_assert_max_num_queries(5):  # two of them are the savepoint's here
        claimed = leases.claim(bot_ids=bots, worker=owner)
    assert claimed == {bot_id: Lease(bot_id, 1) for bot_id in bots}
    assert set(Bot.objects.values_list("lease_owner", "lease_token")) == {(owner.pk, 1)}
    assert leases.claim(bot_ids=bots, worker=worker("w2")) == {}


def test_all_are_given_back_in_one_statement_but_those_of_others(bots, django_assert_num_queries):
    owner = worker("w1")
    held = list(leases.claim(bot_ids=bots, worker=owner).values())
    Bot.objects.filter(pk=held[0].bot_id).update(lease_token=7)
    with django_assert_num_queries(1):
        leases.release(held=held)
    assert list(Bot.objects.filter(lease_owner=owner).values_list("pk", flat=True)) == [held[0].bot_id]


def test_a_worker_alone_takes_what_it_has_room_for(bots, settings):
    settings.AUTOGRID_BOTS_PER_WORKER = 7
    assert len(leases.claim(bot_ids=bots, worker=worker("w1"))) == 7


def test_two_workers_take_half_each(bots):
    first, second = worker("w1"), worker("w2")
    assert len(leases.claim(bot_ids=bots, worker=first)) == 5
    assert leases.claim(bot_ids=bots, worker=first) == {}
    assert len(leases.claim(bot_ids=bots, worker=second)) == 5


def test_more_than_a_fair_share_is_taken_where_the_others_are_full(bots, settings):
    first, second = worker("w1"), worker("w2")
    leases.claim(bot_ids=bots[:3], worker=second)
    settings.AUTOGRID_BOTS_PER_WORKER = 3
    assert len(leases.claim(bot_ids=bots, worker=first)) == 3
    settings.AUTOGRID_BOTS_PER_WORKER = 4
    assert len(leases.claim(bot_ids=bots, worker=first)) == 1


def test_a_worker_that_is_closing_counts_no_more(bots):
    first, second = worker("w1"), worker("w2")
    leases.announce_end(worker=second)
    assert len(leases.claim(bot_ids=bots, worker=first)) == 10


def test_what_others_leave_is_taken_all_the_same(bots):
    first, _ = worker("w1"), worker("w2")
    assert len(leases.claim(bot_ids=bots, worker=first, fairly=False)) == 10
