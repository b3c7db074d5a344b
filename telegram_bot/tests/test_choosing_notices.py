"""/settings in the chat is the same choice as on the page."""

from bots.services.notice_settings import choices_of
from telegram_bot.tests.conftest import ALICES


def test_a_press_switches_a_notice_off_and_on_again(wire, linked):
    assert "☑ Fills" in wire.say(ALICES, "/settings")
    assert "☐ Fills" in wire.press(ALICES, "Stop: Fills")
    assert choices_of(linked)["fills"]["telegram"] is False
    assert choices_of(linked)["keys"]["telegram"] is True
    assert "☑ Fills" in wire.press(ALICES, "Send: Fills")
    assert len(wire.fake.from_bot(ALICES)) == 1


def test_who_has_notifications_alone_may_choose_them(wire, linked, settings):
    settings.AUTOGRID_DEPLOYMENT = "cloud"
    assert "Notices in this chat" in wire.say(ALICES, "/settings")


def test_a_made_up_choice_changes_nothing(wire, linked):
    before = choices_of(linked)
    for typed in ("fills:maybe", "nonsense:on", "fills", ":::", "FILLS:off"):
        assert "Notices in this chat" in wire.say(ALICES, f"/settings {typed}")
    assert choices_of(linked) == before
