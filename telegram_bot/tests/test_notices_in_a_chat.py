"""Notices reach chats over the unmodified library: in words that read well, at Telegram's pace, once."""

import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connections
from django.utils import timezone
from redis import Redis

from accounts.models import User
from bots.models import Delivery
from bots.services import deliveries, pace
from bots.services.notice_settings import change
from bots.services.notices import notify
from bots.tests.records import book, fill_of, opened, plain_bot
from telegram_bot.tests.conftest import ALICES

ONLY_CHAT = {"bot_errors": {"email": False}, "kill_switch": {"email": False}}


@pytest.fixture(autouse=True)
def _free(settings):
    redis = Redis.from_url(settings.REDIS_URL)
    for key in redis.scan_iter("telegram:*"):
        redis.delete(key)
    redis.close()


@pytest.fixture
def at_once():
    """Not here: the pace itself is tried."""


@pytest.fixture
def told(linked):
    change(user=linked, choices=ONLY_CHAT)
    return linked


def due_now():
    Delivery.objects.filter(state="pending").update(next_try_at=timezone.now())
    pace._redis().delete(f"telegram:chat:{ALICES}:pause")


def test_a_fill_is_told_in_the_chat(told, fake):
    bot = plain_bot(told, name="Range <b>", status="running")
    book(bot, fill_of(opened(bot), 1))
    assert deliveries.drain() == 1
    assert fake.texts(ALICES) == ["Range <b>: order filled\nBought 0.001 BTC at 50,000.00 (BTC/USDT)"]
    assert fake.chats.calls[-1].params["disable_notification"] in {True, "true"}


def test_a_crowd_of_fills_is_one_message(told, fake):
    bot = plain_bot(told, name="Range", status="running")
    for number in range(1, 41):
        book(bot, fill_of(opened(bot, number), number))
    assert deliveries.drain() == 1
    [text] = fake.texts(ALICES)
    assert text.startswith("40 orders filled\n")
    assert text.count("• Range: Bought 0.001 BTC at 50,000.00") == 40


def test_what_is_urgent_says_whose_bot_and_why(told, fake):
    bot = plain_bot(told, name="Range")
    notify(user=told, kind="breaker", text="Equity fell.", bot=bot, facts={"Rule": "loss per hour"})
    deliveries.drain()
    assert fake.texts(ALICES) == [
        "Range was halted by its circuit breaker\nEquity fell.\nRule: loss per hour"
    ]


def test_telegrams_time_to_wait_is_obeyed(told, fake, monkeypatch):
    notify(user=told, kind="bot_error", text="One.")
    notify(user=told, kind="bot_error", text="Two.")
    fake.fault(status=429, retry_after=370)
    before = timezone.now()
    assert deliveries.drain() == 0
    after = timezone.now()
    rows = list(Delivery.objects.filter(state="pending"))
    assert [row.attempts for row in rows] == [0, 0]
    least, most = before + timedelta(seconds=369.9), after + timedelta(seconds=370)
    assert all(least <= row.next_try_at <= most for row in rows), "the other one of this chat waits too"
    assert len(fake.chats.calls) == 1
    monkeypatch.setattr(pace, "CHAT_SECONDS", 3600)  # of the two no drain sends both, however long it takes
    due_now()
    assert deliveries.drain() == 1
    due_now()
    assert deliveries.drain() == 1
    assert len(fake.texts(ALICES)) == 2


def test_a_chat_that_blocked_us_is_unlinked_and_written_to_no_more(told, fake):
    for number in range(3):
        notify(user=told, kind="bot_error", text=f"{number}.")
    fake.chats.blocked.add(ALICES)
    deliveries.drain()
    assert User.objects.get(pk=told.pk).telegram_chat_id is None
    assert len(fake.chats.calls) == 1
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}


def test_an_answer_that_was_lost_is_tried_again(told, fake):
    notify(user=told, kind="bot_error", text="It failed.")
    fake.fault(status=500)
    assert deliveries.drain() == 0
    assert Delivery.objects.get().error == "Unreachable"
    due_now()
    assert deliveries.drain() == 1


def test_a_chat_of_another_account_hears_nothing(told, bob, fake):
    notify(user=told, kind="bot_error", text="Alice's.")
    told.telegram_chat_id = None
    told.save()
    bob.telegram_chat_id = ALICES
    bob.save()
    deliveries.drain()
    assert fake.texts(ALICES) == []
    assert "linked no longer" in Delivery.objects.get().error


def test_without_a_token_nobody_is_called(told, fake, settings):
    settings.AUTOGRID_TELEGRAM_TOKEN = ""
    notify(user=told, kind="bot_error", text="It failed.")
    deliveries.drain()
    assert Delivery.objects.get().state == "failed"
    assert not fake.chats.calls


@pytest.mark.django_db(transaction=True)
def test_many_notices_by_three_drainers_keep_the_limits_and_come_once(fake, db):
    """The small sister of `./autogrid bench notices`."""
    users = [User.objects.create(email=f"u{n}@example.org", telegram_chat_id=1000 + n) for n in range(30)]
    for user in users:
        fake.open(user.telegram_chat_id)
        change(user=user, choices=ONLY_CHAT)
        for number in range(2):
            notify(user=user, kind="bot_error", text=f"Number {number}.")
    for user in users[::10]:
        fake.fault(status=429, retry_after=2, chat_id=user.telegram_chat_id)
    gone = users[5]
    fake.chats.blocked.add(gone.telegram_chat_id)

    def work():
        while Delivery.objects.filter(state="pending").exists():
            if not deliveries.drain():
                time.sleep(0.05)  # for Telegram's clock
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    heard = {user.pk: sorted(fake.texts(user.telegram_chat_id)) for user in users}
    both = [f"Your bots is in error and trades no more\nNumber {number}." for number in range(2)]
    assert all(texts == ([] if pk == gone.pk else both) for pk, texts in heard.items())
    calls = [call for call in fake.chats.calls if call.method == "sendMessage"]
    blocked = [call for call in calls if call.status == 403]
    assert len(calls) - len(blocked) == 58 + 3
    assert len(blocked) in (1, 2)  # two drainers may have had one each in hand
    times = [call.time for call in calls]
    assert not any(later - earlier < 1 for earlier, later in zip(times, times[30:], strict=False))
    for user in users:
        mine = [call.time for call in calls if int(call.params["chat_id"]) == user.telegram_chat_id]
        assert all(later - earlier >= 1 for earlier, later in pairwise(mine))
