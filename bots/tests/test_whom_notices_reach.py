"""Each topic reaches its user over the channels he wants, at hours he wants; fills that come in crowds come as one."""

import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from decimal import Decimal

import pytest
from django.utils import timezone

from bots.core.types import Side
from bots.models import Channel, Delivery, NoticeChannel
from bots.services import deliveries, fill_notices
from bots.services.notice_settings import BadChoice, Quiet, change, choices_of, keep_quiet, quiet_until
from bots.services.notices import notify
from bots.services.senders import Later
from bots.tests.records import book, fill_of, opened, plain_bot

CHAT = 4711


class Recorder:
    """A channel that keeps what it is given."""

    def __init__(self):
        self.sent = []
        self.answers = []  # raised by the next sends

    def __call__(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def send(self, delivery, message):
        if self.answers:
            raise self.answers.pop(0)
        self.sent.append(message)

    @property
    def titles(self):
        return [message.title for message in self.sent]


@pytest.fixture
def chat(monkeypatch):
    recorder = Recorder()
    monkeypatch.setitem(deliveries.SENDERS, Channel.TELEGRAM, recorder)
    return recorder


@pytest.fixture
def linked(alice):
    alice.telegram_chat_id = CHAT
    alice.save()
    return alice


def filled(bot, number):
    order = opened(bot, number, Side.BUY)
    return book(bot, fill_of(order, number))


def channels():
    return sorted(Delivery.objects.values_list("channel", flat=True))


def test_by_default_fills_go_to_the_chat_and_errors_to_the_mail_box_too(linked):
    bot = plain_bot(linked, name="Range", status="running")
    filled(bot, 1)
    assert channels() == ["telegram"]
    row = Delivery.objects.get()
    assert (row.recipient, row.kind, row.event.kind) == (str(CHAT), "fill", "order_filled")
    assert row.data["text"] == "Bought 0.001 BTC at 50,000.00 (BTC/USDT)"
    notify(user=linked, kind="bot_error", text="It failed.")
    assert channels() == ["email", "telegram", "telegram"]


def test_a_user_chooses_topic_by_topic(linked, bob):
    change(user=linked, choices={"fills": {"email": True, "telegram": False}, "keys": {"email": False}})
    bot = plain_bot(linked, status="running")
    filled(bot, 1)
    notify(user=linked, kind="key_refused", text="Refused.")
    assert sorted(Delivery.objects.values_list("kind", "channel")) == [
        ("fill", "email"),
        ("key_refused", "telegram"),
    ]
    assert choices_of(linked)["keys"] == {"email": False, "telegram": True, "apprise": True, "webhook": True}
    assert choices_of(bob)["keys"]["email"], "and nobody else's choices change"


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"gossip": {"email": True}}, "choices"),
        ({"fills": {"pigeon": True}}, "choices.fills"),
        ({"fills": {"email": "yes"}}, "choices.fills"),
    ],
)
def test_what_there_is_not_cannot_be_chosen(alice, choices, field):
    with pytest.raises(BadChoice) as refused:
        change(user=alice, choices=choices)
    assert refused.value.field == field


def test_channels_of_ones_own_get_one_row_each(alice, bob):
    for user, kind in ((alice, "apprise"), (alice, "webhook"), (bob, "webhook")):
        NoticeChannel.objects.create(user=user, kind=kind, label="L", hint="h", url="json://x", secret="s")
    filled(plain_bot(alice, status="running"), 1)
    assert channels() == ["apprise", "webhook"]
    assert set(Delivery.objects.values_list("recipient", flat=True)) == {
        str(channel.pk) for channel in alice.notice_channels.all()
    }


def test_a_fill_that_comes_again_tells_nobody_again(linked):
    bot = plain_bot(linked, status="running")
    fill = fill_of(opened(bot, 1), 1)
    for _ in range(2):
        book(bot, fill)
    assert Delivery.objects.count() == 1


def test_a_part_of_an_order_tells_nobody_yet(linked):
    bot = plain_bot(linked, status="running")
    order = opened(bot, 1)
    book(bot, fill_of(order, 1, quantity=Decimal("0.0004")))
    assert not Delivery.objects.exists()
    book(bot, fill_of(order, 2, quantity=Decimal("0.0006")))
    assert Delivery.objects.count() == 1


def test_a_closed_account_hears_of_no_fill(linked):
    linked.is_active = False
    linked.save()
    filled(plain_bot(linked, status="running"), 1)
    assert not Delivery.objects.exists()


def later(seconds):
    """What was sent lies so much longer ago, and who waits for it waits so much shorter."""
    for row in Delivery.objects.all():
        row.next_try_at -= timedelta(seconds=seconds)
        row.sent_at = row.sent_at and row.sent_at - timedelta(seconds=seconds)
        row.save()


def test_the_first_fills_go_at_once_and_a_crowd_as_one(linked, chat, monkeypatch):
    hourly = fill_notices.Digest(3, timedelta(hours=1))  # a minute may end during the test
    monkeypatch.setitem(fill_notices.DIGESTS, Channel.TELEGRAM, hourly)
    bot = plain_bot(linked, name="Range", status="running")
    for number in range(1, 4):
        filled(bot, number)
        assert deliveries.drain() == 1
    assert chat.titles == ["Range: order filled"] * 3
    for number in range(4, 9):
        filled(bot, number)
        assert deliveries.drain() == 0
    later(3601)
    assert deliveries.drain() == 1
    digest = chat.sent[-1]
    assert digest.title == "5 orders filled"
    assert digest.lines[0] == "Range: Bought 0.001 BTC at 50,000.00 (BTC/USDT)"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert Delivery.objects.values("claim").distinct().count() == 4
    filled(bot, 9)
    assert deliveries.drain() == 1, "a digest is one message of the three"


def test_those_that_wait_together_are_one_message_at_once(linked, chat):
    bot = plain_bot(linked, status="running")
    for number in range(1, 15):
        filled(bot, number)
    assert deliveries.drain() == 1
    assert chat.titles == ["14 orders filled"]


def test_a_digest_that_failed_is_tried_again_whole(linked, chat, monkeypatch):
    monkeypatch.setattr(deliveries, "FIRST_RETRY", timedelta(hours=1))
    bot = plain_bot(linked, status="running")
    for number in range(1, 15):
        filled(bot, number)
    chat.answers = [ConnectionError("away")]
    assert deliveries.drain() == 0
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}
    filled(bot, 15)
    assert deliveries.drain() == 1, "a new one waits for nobody"
    later(3601)
    assert deliveries.drain() == 1
    assert chat.titles == ["Plain: order filled", "14 orders filled"]


def test_programs_get_each_fill_by_itself(alice, monkeypatch):
    recorder = Recorder()
    monkeypatch.setitem(deliveries.SENDERS, Channel.WEBHOOK, recorder)
    NoticeChannel.objects.create(user=alice, kind="webhook", label="L", hint="h", url="https://x", secret="s")
    bot = plain_bot(alice, status="running")
    for number in range(1, 6):
        filled(bot, number)
    assert deliveries.drain() == 5
    assert Channel.WEBHOOK not in fill_notices.DIGESTS


def test_a_channel_that_asks_for_time_gets_it_and_it_counts_as_no_try(linked, chat):
    change(user=linked, choices={"bot_errors": {"email": False}})
    notify(user=linked, kind="bot_error", text="It failed.")
    chat.answers = [Later(7200.5)]
    before = timezone.now()
    assert deliveries.drain() == 0
    row = Delivery.objects.get()
    assert before <= row.next_try_at - timedelta(seconds=7200.5) <= timezone.now()
    assert (row.attempts, row.error, row.state) == (0, "", "pending")
    later(7201)
    assert deliveries.drain() == 1


def test_what_was_put_off_for_seconds_is_not_left_to_beat(linked, chat, monkeypatch):
    change(user=linked, choices={"bot_errors": {"email": False}})
    woken = []  # when asked, and for how much later
    monkeypatch.setattr(deliveries, "ask_for_delivery", lambda later: woken.append((time.time(), later)))
    monkeypatch.setattr(deliveries, "SOON", timedelta(hours=1))
    notify(user=linked, kind="bot_error", text="One.")
    chat.answers = [Later(1800)]
    before = time.time()
    for _ in range(3):
        deliveries.drain()
    [(asked_at, seconds)] = woken  # one drainer, however many end
    due = Delivery.objects.get().next_try_at.timestamp()
    assert due < asked_at + seconds
    assert before + seconds < due + deliveries.WAKE_EVERY + 2 * deliveries.CLOCKS_DIFFER
    Delivery.objects.update(next_try_at=timezone.now() + timedelta(hours=2))
    deliveries.drain()
    assert len(woken) == 1, "what is far away is beat's"


def test_a_channel_that_is_not_set_up_says_so_to_operators(linked):
    change(user=linked, choices={"bot_errors": {"email": False}})
    notify(user=linked, kind="bot_error", text="It failed.")
    monkey = deliveries.SENDERS.pop(Channel.TELEGRAM, None)
    try:
        deliveries.drain()
    finally:
        if monkey:
            deliveries.SENDERS[Channel.TELEGRAM] = monkey
    assert Delivery.objects.get().state == "failed"
    assert "not set up" in Delivery.objects.get().error


def at(hour, minute=0, day=1):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "zone", "now", "ends"),
    [
        (clock(22), clock(7), "UTC", at(23), at(7, day=2)),
        (clock(22), clock(7), "UTC", at(3), at(7)),
        (clock(22), clock(7), "UTC", at(7), None),
        (clock(22), clock(7), "UTC", at(21, 59), None),
        (clock(13), clock(15), "UTC", at(14), at(15)),
        (clock(13), clock(15), "UTC", at(12), None),
        (clock(22), clock(7), "Asia/Tokyo", at(14), at(22)),  # 23:00 there, until 7:00 there
        (clock(9), clock(9), "UTC", at(9), None),
    ],
)
def test_quiet_hours_are_those_of_the_users_clock(alice, since, until, zone, now, ends):
    assert quiet_until(keep_quiet(user=alice, quiet=Quiet(since, until)), zone, now) == ends


def test_on_the_night_the_clock_changes_the_end_is_the_clocks(alice):
    row = keep_quiet(user=alice, quiet=Quiet(clock(22), clock(7)))
    before = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # 23:30 in Berlin; 7:00 there is then 5:00 UTC
    assert quiet_until(row, "Europe/Berlin", before) == datetime(2026, 3, 29, 5, tzinfo=UTC)


def test_in_quiet_hours_only_what_is_urgent_arrives(linked, chat):
    now = timezone.now()
    around = Quiet((now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time())
    keep_quiet(user=linked, quiet=around)
    change(user=linked, choices={topic: {"email": False} for topic in ("bot_errors", "kill_switch")})
    notify(user=linked, kind="bot_crashing", text="Usual.")
    notify(user=linked, kind="breaker", text="Urgent.")
    filled(plain_bot(linked, status="running"), 1)
    assert deliveries.drain() == 1
    assert [message.kind for message in chat.sent] == ["breaker"]
    waiting = Delivery.objects.filter(state="pending")
    assert [row.attempts for row in waiting] == [0, 0]
    assert all(59 < (row.next_try_at - now).total_seconds() / 60 <= 60 for row in waiting)
    keep_quiet(user=linked, quiet=None)
    later(3601)
    assert deliveries.drain() == 2
