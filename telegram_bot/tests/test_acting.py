"""What spends or stops money asks first, and acts once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bots.models import Bot, BotEvent
from telegram_bot.models import Question, Refusal
from telegram_bot.questions import pressed
from telegram_bot.tests.conftest import ALICES, BOBS

pytestmark = pytest.mark.usefixtures("linked")


def state_of(bot):
    bot.refresh_from_db()
    return bot.status, bot.halted


def refusals():
    return list(Refusal.objects.values_list("kind", flat=True))


def test_a_bot_is_started_after_a_yes(wire, making):
    bot = making("Range")
    assert "trades with up to 1,000.00 USDT" in wire.say(ALICES, "/startbot range")
    assert state_of(bot) == ("stopped", False)
    assert "Range is starting" in wire.press(ALICES, "Start")
    assert state_of(bot) == ("running", False)
    assert wire.labels(ALICES) == []


@pytest.mark.parametrize(
    ("command", "label", "state"),
    [
        ("/pause Range", "Pause", ("paused", False)),
        ("/stopbot Range", "Stop", ("stopped", False)),
        ("/kill Range", "Cancel orders", ("stopped", True)),
        ("/kill Range", "Cancel orders and sell", ("stopped", True)),
        ("/kill", "Cancel all orders", ("stopped", True)),
        ("/kill all", "Cancel and sell everything", ("stopped", True)),
    ],
)
def test_what_stops_money_asks_and_then_does(wire, making, command, label, state):
    bot = making("Range", status="running")
    wire.say(ALICES, command)
    assert state_of(bot) == ("running", False)
    wire.press(ALICES, label)
    assert state_of(bot) == state


def test_a_no_does_nothing_and_is_the_end_of_it(wire, making):
    bot = making("Range", status="running")
    wire.say(ALICES, "/kill")
    assert "Nothing was done" in wire.press(ALICES, "No, leave it")
    assert state_of(bot) == ("running", False)
    assert wire.labels(ALICES) == []


def test_pressed_twice_it_acts_once(wire, making):
    making("Range", status="running")
    wire.say(ALICES, "/kill Range")
    for _ in range(2):
        wire.fake.press(ALICES, "Cancel orders")
    wire.pump()
    assert BotEvent.objects.filter(kind="killed").count() == 1
    assert "This was pressed already." in wire.fake.chats.toasts.values()
    assert refusals() == [Refusal.Kind.USED_BUTTON]


def test_a_yes_after_a_no_is_refused(wire, making):
    bot = making("Range", status="running")
    wire.say(ALICES, "/kill Range")
    message = wire.fake.from_bot(ALICES)[-1].copy()
    yes = message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    wire.press(ALICES, "No, leave it")
    wire.fake.press_data(ALICES, message, yes)
    wire.pump()
    assert state_of(bot) == ("running", False)


def test_after_a_minute_it_does_nothing(wire, making):
    bot = making("Range", status="running")
    wire.say(ALICES, "/kill Range")
    Question.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "The minute is over: nothing was done" in wire.press(ALICES, "Cancel orders")
    assert state_of(bot) == ("running", False)
    assert refusals() == [Refusal.Kind.LATE_BUTTON]


def test_without_redis_the_kill_switch_works(wire, making, settings):
    bot = making("Range", status="running")
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9"}  # discard: nobody listens
    settings.CACHES = {"default": away}
    wire.say(ALICES, "/kill")
    wire.press(ALICES, "Cancel all orders")
    assert state_of(bot) == ("stopped", True)


def test_another_users_button_is_refused(wire, making, bob):
    bot = making("Range", status="running")
    wire.say(ALICES, "/kill Range")
    stolen = wire.fake.from_bot(ALICES)[-1]["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    bob.telegram_chat_id = BOBS
    bob.save()
    wire.fake.open(BOBS)
    wire.say(BOBS, "/help")
    number = wire.fake.press_data(BOBS, wire.fake.from_bot(BOBS)[-1], stolen)
    wire.pump()
    assert wire.fake.chats.toasts[number] == "This button is not yours."
    assert state_of(bot) == ("running", False)
    assert Refusal.objects.get().user == bob


def test_somebody_else_pressing_in_the_chat_is_refused(wire, making):
    bot = making("Range", status="running")
    wire.say(ALICES, "/kill Range")
    wire.press(ALICES, "Cancel orders", sender=BOBS)
    assert state_of(bot) == ("running", False)
    assert refusals() == [Refusal.Kind.FOREIGN_BUTTON]


def test_the_same_update_twice_is_refused_and_written_down(wire, making):
    making("Range", status="running")
    wire.say(ALICES, "/kill Range")
    wire.fake.press(ALICES, "Cancel orders")
    replayed = dict(wire.fake.chats.updates[0])
    wire.pump()
    wire.fake.chats.updates.append(replayed)
    wire.pump()
    assert BotEvent.objects.filter(kind="killed").count() == 1
    assert refusals() == [Refusal.Kind.REPLAYED_UPDATE]


def test_what_cannot_be_done_is_said_with_its_reason(wire, making):
    bot = making("Range", status="running")
    wire.say(ALICES, "/pause Range")
    Bot.objects.filter(pk=bot.pk).update(status="stopped")
    assert "Only a running bot can be paused." in wire.press(ALICES, "Pause")


def test_a_bot_that_is_gone_is_said_so(wire, making):
    bot = making("Range")
    wire.say(ALICES, "/startbot Range")
    bot.delete()
    assert "That bot is gone." in wire.press(ALICES, "Start")


def test_a_start_that_fails_its_pre_flight_names_what_to_mend(wire, making):
    bot = making("Range")
    Bot.objects.filter(pk=bot.pk).update(config={**bot.config, "investment": "900000"}, cash="900000")
    wire.say(ALICES, "/startbot Range")
    assert "invest at most that" in wire.press(ALICES, "Start")


def test_one_of_two_presses_at_once_gets_it(linked, making):
    """Both have read the question before either took it."""
    making("Range", status="running")
    bot = Bot.objects.get()
    asked = Question.objects.create(
        user=linked, text="Sure?", choices=[["Kill", "kill_keep", {"bot_id": str(bot.pk)}]],
        expires_at=timezone.now() + timedelta(minutes=1),
    )  # fmt: skip
    answers = [pressed(user=linked, chat_id=ALICES, data=f"{asked.pk.hex}:0") for _ in range(2)]
    assert [bool(each.replies) for each in answers] == [True, False]
