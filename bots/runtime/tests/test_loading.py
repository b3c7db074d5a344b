"""What a runner goes on with: read for many bots at once, and each gets its own."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bots.core.types import OrderStatus, Side
from bots.models import Bot
from bots.runtime.loading import load
from bots.tests.records import START, book, fill_of, opened, plain_bot, traded

pytestmark = pytest.mark.django_db


def test_each_bot_gets_its_own(alice: User, bob: User) -> None:
    busy, quiet = plain_bot(alice, status="running"), plain_bot(bob, status="running")
    traded(busy, pairs=1)
    rests = opened(busy, slot=3)
    book(busy, fill_of(opened(busy, slot=4), trade_id=77))
    found = load([busy.pk, quiet.pk, uuid4()])
    assert set(found) == {busy.pk, quiet.pk}
    of_busy, of_quiet = found[busy.pk], found[quiet.pk]
    assert [order.client_id for order in of_busy.live] == [rests.client_id]
    assert of_busy.live[0].status is OrderStatus.OPEN
    assert of_busy.position.trades == 3
    assert of_busy.first_sent == START
    assert set(of_busy.state.slots) == {0, 3, 4}
    assert of_busy.attempts[3, 0, Side.BUY] == 1
    assert len(of_busy.placed) == 4
    assert (of_quiet.live, of_quiet.first_sent, of_quiet.attempts, of_quiet.placed) == ([], None, {}, [])
    assert of_quiet.position.trades == 0
    assert of_quiet.state.slots == {}


def test_many_bots_take_no_more_queries_than_one(alice: User) -> None:
    bots: list[Bot] = [plain_bot(alice, status="running") for _ in range(5)]
    for number, bot in enumerate(bots):
        traded(bot, pairs=1, first=1 + 10 * number)
    with CaptureQueriesContext(connection) as one:
        load([bots[0].pk])
    with CaptureQueriesContext(connection) as many:
        load([bot.pk for bot in bots])
    assert len(many) == len(one)
