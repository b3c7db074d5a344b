"""Which mishaps become a notice, for whom, and how often."""

import pytest
from django.core import mail
from django.utils import timezone

from bots.models import Delivery
from bots.services import deliveries, lifecycle, outcome
from bots.services.notices import notify_operators
from bots.tests.records import lease_of, plain_bot
from exchanges.signals import key_refused, key_turned_unsafe


@pytest.fixture
def bot(alice):
    return plain_bot(alice, name="Range", status="running")


def kinds():
    return sorted(Delivery.objects.values_list("kind", "recipient"))


def test_the_kill_switch_of_one_bot_and_of_all_tell_their_user(alice, bob, bot):
    lifecycle.kill_bot(bot=bot, action="cancel_and_sell")
    assert kinds() == [("kill_switch", "alice@example.org")]
    assert "coins sold" in Delivery.objects.get().data["text"]
    for name in ("One", "Two"):
        plain_bot(alice, name=name, status="running")
    lifecycle.kill_all(user=alice, action="cancel")
    last = Delivery.objects.order_by("-created_at").first()
    assert len(kinds()) == 2, "one mail for all of them"
    assert all(name in last.data["text"] for name in ("One", "Two"))


def test_a_bot_in_error_tells_its_user_once(bot):
    for _ in range(2):
        outcome.fail(lease=lease_of(bot), reason="The market is gone.")
    assert kinds() == [("bot_error", "alice@example.org")]


def test_a_bot_that_failed_for_its_key_adds_nothing_to_the_notice_of_the_key(bot):
    outcome.fail(lease=lease_of(bot), reason="The exchange refuses the key.", told=True)
    assert kinds() == []
    assert bot.events.get().kind == "error"


def test_a_crash_loop_tells_once_an_hour(bot, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # no hour ends meanwhile
    for crashes in (5, 6, 7):
        outcome.crashing(lease=lease_of(bot), crashes=crashes)
    assert kinds() == [("bot_crashing", "alice@example.org")]
    assert "5 times in a row" in Delivery.objects.get().data["text"]


@pytest.mark.parametrize(
    ("signal", "kind"), [(key_refused, "key_refused"), (key_turned_unsafe, "key_unsafe")]
)
def test_a_key_that_went_bad_tells_its_user_and_its_bots(bot, signal, kind):
    signal.send(sender=None, credential=bot.credential, code="-2015", detail="The key was revoked.")
    assert kinds() == [(kind, "alice@example.org")]
    event = bot.events.get()
    assert (event.kind, event.level, event.data) == (kind, "error", {"code": "-2015"})
    assert "The key was revoked." in event.text


def test_operators_are_those_of_the_settings(settings, db):
    settings.AUTOGRID_OPERATORS = ["a@example.org", "b@example.org"]
    notify_operators(kind="system_halt", text="Halted.")
    assert kinds() == [("system_halt", "a@example.org"), ("system_halt", "b@example.org")]
    deliveries.drain()
    assert [message.recipients() for message in mail.outbox] == [["a@example.org"], ["b@example.org"]]
