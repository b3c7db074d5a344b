"""Strangers learn nothing, groups hear nothing, and no input brings the bot out of step."""

import re

import pytest

from accounts.models import Plan
from telegram_bot.commands.basics import NOTICES_ONLY
from telegram_bot.commands.registry import COMMANDS
from telegram_bot.router import STRANGER
from telegram_bot.tests.conftest import ALICES, BOBS

UNWELL = re.compile("(update|command)_failed|reply_(lost|refused)")
# Behind each command.
JUNK = [
    "",
    "🙈🙉🙊 \u202e\u200f right to left",
    "'; DROP TABLE bots; -- %s %(x)s {0}",
    "<b>open *_[` &amp;",
    "x" * 3980,
    ":999999999999999999999",
]
HOSTILE = [
    *(f"/{name} {junk}" for name in COMMANDS for junk in JUNK),
    *(" ", "/", "//", "hello", "/nonsense", "/start ../../etc/passwd", "🙈" * 2000, "/pnl\x00\nnewline"),
    *("/profit daily -1", "/orders :::::", "/levels 00000000000000000000000000000000"),
    *("/status@autogrid_demo_bot table", "/bots 99999999999999999999999999"),
]

MADE_UP = [
    *("", ":", "q:", "q:zz:0", "q:" + "0" * 32 + ":9", "bot:", "bot:not-an-id", "pick:", "pick:bot:x"),
    *("status::x", "nonsense:1", "levels::::", "orders:x:-1", "profit:", "🙈"),
]


def test_a_stranger_gets_one_answer_a_minute_that_tells_nothing(wire, alice):
    for chat_id, text in enumerate(HOSTILE, start=BOBS):
        assert wire.say(chat_id, text) == STRANGER, text
    for text in HOSTILE[:: len(JUNK)]:
        assert wire.say(BOBS, text) == "", text


def test_junk_gets_a_clear_answer(wire, linked, making, caplog):
    making("Range")
    making("Another <b>&amp; *bold* _name_ '; DROP")
    for text in HOSTILE:
        assert wire.say(ALICES, text), text
    assert not UNWELL.search(caplog.text)


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_groups_hear_nothing(wire, linked, kind):
    for text in HOSTILE[:: 1 if kind == "group" else len(JUNK)]:
        wire.fake.say(-7, text, kind=kind, sender=ALICES)
    wire.pump()
    assert wire.fake.from_bot(-7) == []


def test_names_are_shown_as_they_are_written(wire, linked, making):
    name = "<script>alert(1)</script> & *bold* _it_"
    making(name)
    for command in ("/status", "/bots", "/bot", "/pnl 1", "/levels 1", "/orders 1", "/backtest 1", "/follow"):
        assert "<script>" in wire.say(ALICES, command), command
    for command in ("/startbot", "/stopbot", "/pause", "/kill 1"):
        assert "<script>" in wire.say(ALICES, command), command
        assert "<script>" in wire.press(ALICES, "No, leave it"), command


def test_buttons_nobody_made_do_nothing(wire, linked, making, caplog):
    making("Range")
    wire.say(ALICES, "/help")
    for data in MADE_UP:
        wire.fake.press_data(ALICES, wire.fake.from_bot(ALICES)[-1], data)
        wire.pump()
    assert "failed" not in caplog.text


def test_another_users_bot_is_not_there(wire, making, bob):
    bot = making("Secret range")
    bob.telegram_chat_id = BOBS
    bob.save()
    wire.fake.open(BOBS)
    wire.say(BOBS, "/help")
    for data in (
        f"bot:{bot.pk.hex}",
        f"levels:{bot.pk.hex}:0",
        f"startbot:{bot.pk.hex}",
        f"kill:{bot.pk.hex}",
    ):
        wire.fake.press_data(BOBS, wire.fake.from_bot(BOBS)[-1], data)
        wire.pump()
    assert "Secret" not in str(wire.fake.texts(BOBS))


def test_a_free_plan_in_the_cloud_has_notifications_alone(wire, linked, settings):
    settings.AUTOGRID_DEPLOYMENT = "cloud"
    for command in COMMANDS.values():
        for junk in JUNK:
            said = wire.say(ALICES, f"/{command.name} {junk}")
            assert said == NOTICES_ONLY or (said and command.for_all), (command.name, junk)
    assert {each.name for each in COMMANDS.values() if each.for_all} == {
        "start",
        "help",
        "settings",
        "unlink",
    }
    assert "/unlink" in wire.say(ALICES, "/help")
    assert "Unlink this chat?" in wire.say(ALICES, "/unlink")
    linked.plan = Plan.STARTER
    linked.save()
    assert "no bots yet" in wire.say(ALICES, "/status")


def test_a_plan_that_ends_between_question_and_yes_is_not_asked_again(wire, linked, making, settings):
    """Stopping is always allowed to who was asked."""
    bot = making("Range", status="running")
    wire.say(ALICES, "/stopbot Range")
    settings.AUTOGRID_DEPLOYMENT = "cloud"
    wire.press(ALICES, "Stop")
    bot.refresh_from_db()
    assert bot.status == "stopped"
