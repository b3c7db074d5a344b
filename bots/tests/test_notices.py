"""From what happens to the mail box: over SMTP, once, again after a failure, and never for ever."""

import threading
from datetime import timedelta
from typing import ClassVar

import pytest
from django.core import mail
from django.db import connections, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis

from bots.models import Channel, Delivery
from bots.runtime.tests.conftest import until
from bots.services import claiming, deliveries, drainers, lifecycle, outcome
from bots.services.notices import notify
from bots.services.senders import Idle, Later
from bots.tasks import deliver_notices
from bots.tests.records import lease_of, plain_bot
from tests.fakes.smtp import mail_server

FIGURES = "Equity fell by 61.5 from 1000 within an hour; the limit is 50."


@pytest.fixture
def server(settings):
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", found.port, False
        settings.EMAIL_TIMEOUT = 120
        yield found


@pytest.fixture
def bot(alice):
    return plain_bot(alice, name="Range", status="running")


def trip(bot):
    outcome.request_stop(lease=lease_of(bot), reason=FIGURES, action="keep", rule="max_loss_per_hour")


def due_now():
    """The clock of every waiting message has run out."""
    Delivery.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))


def test_a_trip_arrives_once_with_its_rule_and_figures(server, bot, settings):
    settings.AUTOGRID_URL = "https://grid.example.org"
    trip(bot)
    assert deliveries.drain() == 1
    assert deliveries.drain() == 0
    [(recipient, message)] = server.received
    assert (recipient, message["To"]) == ("alice@example.org", "alice@example.org")
    assert message["Subject"] == "[AutoGrid] Range was halted by its circuit breaker"
    for kind in ("plain", "html"):
        body = message.get_body((kind,)).get_content()
        for part in (FIGURES, "loss per hour (max_loss_per_hour)", "Range (GRID on BTC/USDT)", str(bot.pk)):
            assert part in body
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.event.kind) == ("sent", 1, "max_loss_per_hour")
    assert row.sent_at is not None


def test_a_trip_that_is_rolled_back_tells_nobody(server, bot):
    with transaction.atomic():
        trip(bot)
        transaction.set_rollback(True)
    assert deliveries.drain() == 0
    assert not server.received


@pytest.mark.django_db(transaction=True)
def test_two_drainers_at_once_send_each_message_once(server, alice):
    for number in range(25):
        notify(user=alice, kind="bot_error", text=f"Number {number}.")
    server.hold.clear()
    sent = []

    def work():
        sent.append(deliveries.drain())
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: Delivery.objects.filter(attempts=1).count() == 20)  # both have a batch
    server.hold.set()
    for thread in threads:
        thread.join(60)
    assert sum(sent) == 25
    assert sorted(
        message.get_body(("plain",)).get_content().split("Number ")[1].split(".")[0]
        for _, message in server.received
    ) == sorted(map(str, range(25)))
    assert min(sent) > 0, "both had work"


def test_a_mail_server_that_is_down_is_tried_again_ever_later(server, bot, settings):
    server.closing = True
    trip(bot)
    for seconds in (30, 60, 120, 240):
        before = timezone.now()
        assert deliveries.drain() == 0
        row = Delivery.objects.get()
        assert before <= row.next_try_at - timedelta(seconds=seconds) <= timezone.now()
        due_now()
    assert (row.state, row.attempts) == ("pending", 4)
    assert "421" in row.error
    server.closing = False
    assert deliveries.drain() == 1
    assert len(server.received) == 1
    assert Delivery.objects.get().error == ""


def test_with_no_server_at_all_it_waits(bot, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    trip(bot)
    assert deliveries.drain() == 0
    assert "refused" in Delivery.objects.get().error.lower()


def test_after_a_day_it_is_given_up_where_operators_see_it(server, bot, caplog):
    server.closing = True
    trip(bot)
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    deliveries.drain()
    row = Delivery.objects.get()
    assert row.state == "failed"
    assert row.error.startswith("Given up after a day")
    assert "notice_given_up" in caplog.messages
    due_now()
    assert deliveries.drain() == 0


def test_an_address_that_is_refused_is_given_up_at_once_and_holds_up_nobody(server, alice, bob):
    server.refused["alice@example.org"] = "550 no such user"
    for user in (alice, bob):
        notify(user=user, kind="bot_error", text="It failed.")
    assert deliveries.drain() == 1
    row = Delivery.objects.get(user=alice)
    assert (row.state, row.attempts) == ("failed", 1)
    assert "550 no such user" in row.error
    assert [recipient for recipient, _ in server.received] == ["bob@example.org"]


def test_an_address_that_is_refused_for_now_is_tried_again(server, alice):
    server.refused["alice@example.org"] = "450 try later"
    notify(user=alice, kind="bot_error", text="It failed.")
    deliveries.drain()
    assert Delivery.objects.get().state == "pending"
    server.refused.clear()
    due_now()
    assert deliveries.drain() == 1


def test_a_drainer_that_died_after_its_claim_is_made_up_for(server, bot):
    trip(bot)
    with claiming.holder() as holder:
        [claimed] = claiming.claim(holder, Channel.EMAIL)
        due_now()
        assert deliveries.drain() == 0, "nobody else touches it while its holder lives"
    assert deliveries.drain() == 1
    assert Delivery.objects.get().attempts == 2
    assert not deliveries._deliver(deliveries.EmailSender(), claimed), (
        "the dead one, come back, sends nothing"
    )
    assert len(server.received) == 1


def test_the_most_urgent_go_first(alice):
    notify(user=alice, kind="bot_crashing", text="Usual.")
    notify(user=alice, kind="breaker", text="Urgent.")
    [first] = claiming.claim(1, Channel.EMAIL, most=1)
    assert first.first.kind == "breaker"


def test_what_a_dead_drainer_held_does_not_go_behind_the_backlog(alice):
    for text in ("Oldest.", "Newer."):
        notify(user=alice, kind="bot_error", text=text)
    with claiming.holder() as holder:
        claiming.claim(holder, Channel.EMAIL, most=1)
    Delivery.objects.filter(attempts=1).update(
        next_try_at=timezone.now()
    )  # its claim is over: the last to come due
    [first] = claiming.claim(1, Channel.EMAIL, most=1)
    assert first.first.data["text"] == "Oldest."


def test_a_busy_address_with_the_oldest_messages_keeps_nobody_waiting(alice, bob, monkeypatch):
    class Busy(Idle):
        asked: ClassVar = []

        def send(self, delivery, message):
            self.asked.append(delivery.recipient)
            if delivery.recipient == alice.email:
                raise Later(3600)

    monkeypatch.setitem(deliveries.SENDERS, Channel.EMAIL, Busy)
    monkeypatch.setattr(claiming.claim, "__defaults__", (1,))
    for user in (alice, alice, alice, bob):
        notify(user=user, kind="bot_error", text="It failed.")
    assert deliveries.drain() == 1
    assert Busy.asked == [alice.email, bob.email]
    assert [row.attempts for row in Delivery.objects.filter(user=alice)] == [0, 0, 0]


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_hangs_keeps_no_chat_waiting(server, alice, monkeypatch):
    class Chat(Idle):
        heard = threading.Event()

        def send(self, delivery, message):
            self.heard.set()

    monkeypatch.setitem(deliveries.SENDERS, Channel.TELEGRAM, Chat)
    alice.telegram_chat_id = 4711
    server.hold.clear()
    notify(user=alice, kind="bot_error", text="It failed.")
    deliver_notices()
    assert Chat.heard.wait(90)
    assert not server.received
    server.hold.set()
    until(lambda: Delivery.objects.filter(state="sent").count() == 2)
    until(lambda: drainers.NAME not in {thread.name for thread in threading.enumerate()})


def test_of_one_occasion_nobody_is_told_twice(alice, bob):
    for user in (alice, alice, bob):
        notify(user=user, kind="bot_error", text="It failed.", key="one")
    notify(user=alice, kind="bot_error", text="It failed.", key="two")
    assert Delivery.objects.count() == 3


def test_a_closed_account_is_not_written_to(alice):
    alice.is_active = False
    assert notify(user=alice, kind="bot_error", text="It failed.") == []


def test_a_name_brings_no_header_of_its_own(alice):
    bot = plain_bot(alice, name="Grid\r\nBcc: eve@example.org")
    notify(user=alice, kind="bot_error", text="It <b>failed</b>.", bot=bot)
    deliveries.drain()
    [message] = mail.outbox
    assert message.recipients() == ["alice@example.org"]
    assert message.subject == "[AutoGrid] Grid Bcc: eve@example.org is in error and trades no more"
    assert isinstance(message, mail.EmailMultiAlternatives)
    assert "&lt;b&gt;" in str(message.alternatives[0][0])
    assert "<b>" in message.body, "plain text stays plain"


def test_it_can_be_sent_when_its_bot_is_gone(alice, bot):
    trip(bot)
    bot.delete()
    assert deliveries.drain() == 1
    assert FIGURES in mail.outbox[0].body


def test_once_the_transaction_stands_a_drainer_is_woken(alice, settings, django_capture_on_commit_callbacks):
    redis = Redis.from_url(settings.REDIS_URL)
    redis.delete("celery")
    with django_capture_on_commit_callbacks(execute=True):
        notify(user=alice, kind="bot_error", text="It failed.")
        assert redis.llen("celery") == 0
    assert b"bots.deliver_notices" in redis.lrange("celery", 0, -1)[0]
    redis.delete("celery")
    redis.close()


def test_a_queue_that_is_away_stands_in_nobodys_way(alice, monkeypatch, django_capture_on_commit_callbacks):
    def away(*_, **__):
        raise OperationalError("away")

    monkeypatch.setattr("bots.services.notices.current_app.send_task", away)
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.kill_bot(bot=plain_bot(alice, status="running"), action="cancel")
    deliveries.drain()  # beat sees to it
    assert len(mail.outbox) == 1


def test_without_a_mail_server_mails_are_files(alice, settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    for text in ("First.", "Second."):
        notify(user=alice, kind="bot_error", text=text)
    assert deliveries.drain() == 2
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert all(part in written for part in ("First.", "Second.", "alice@example.org"))
