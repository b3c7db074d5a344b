"""A chat is linked by a code from the pages: once, within ten minutes, in private."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.conftest import PASSWORD
from telegram_bot import links
from telegram_bot.models import LinkCode, Refusal
from telegram_bot.router import STRANGER
from telegram_bot.tests.conftest import ALICES, BOBS

PAGE = "/account/telegram/"
CONFIRM = "/accounts/reauthenticate/"


def chat_of(user):
    user.refresh_from_db()
    return user.telegram_chat_id


def test_a_code_links_the_chat_and_greets(alice, wire):
    code = links.new_code(user=alice)
    assert f"linked with {alice.email} now" in wire.say(ALICES, f"/start {code}")
    assert chat_of(alice) == ALICES
    assert "/status" in wire.say(ALICES, "/help")


def test_a_code_works_once(alice, wire):
    code = links.new_code(user=alice)
    wire.say(ALICES, f"/start {code}")
    assert wire.say(BOBS, f"/start {code}") == STRANGER
    assert chat_of(alice) == ALICES


def test_a_code_works_for_ten_minutes(alice, wire):
    code = links.new_code(user=alice)
    LinkCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert wire.say(ALICES, f"/start {code}") == STRANGER
    assert chat_of(alice) is None
    assert Refusal.objects.get().kind == Refusal.Kind.WRONG_CODE


def test_a_new_code_ends_the_one_before(alice, wire):
    old = links.new_code(user=alice)
    links.new_code(user=alice)
    wire.say(ALICES, f"/start {old}")
    assert chat_of(alice) is None


def test_the_code_itself_is_kept_nowhere(alice, wire):
    code = links.new_code(user=alice)
    assert code not in str(LinkCode.objects.values())


def test_a_group_is_never_linked(alice, wire):
    code = links.new_code(user=alice)
    assert wire.say(-5, f"/start {code}", kind="group", sender=ALICES) == ""
    assert chat_of(alice) is None


def test_another_chat_takes_the_place_of_the_first(linked, wire):
    code = links.new_code(user=linked)
    wire.say(BOBS, f"/start {code}")
    assert chat_of(linked) == BOBS
    assert wire.say(ALICES, "/status") == STRANGER


def test_a_chat_serves_one_account(linked, bob, wire):
    code = links.new_code(user=bob)
    assert "another account" in wire.say(ALICES, f"/start {code}")
    assert (chat_of(linked), chat_of(bob)) == (ALICES, None)


def test_a_closed_account_is_a_stranger(linked, wire):
    linked.is_active = False
    linked.save()
    assert wire.say(ALICES, "/status") == STRANGER


def test_it_is_unlinked_from_the_chat_after_a_question(linked, wire):
    assert "Unlink this chat?" in wire.say(ALICES, "/unlink")
    assert "no longer linked" in wire.press(ALICES, "Unlink")
    assert chat_of(linked) is None


def test_who_blocks_the_bot_is_unlinked(linked, wire):
    wire.fake.chats.blocked.add(ALICES)
    wire.say(ALICES, "/help")
    assert chat_of(linked) is None


# The page


def test_the_page_makes_a_code_that_opens_the_chat(as_alice, alice, fake, settings):
    assert "Link a chat" in as_alice.get(PAGE).content.decode()
    assert as_alice.post(CONFIRM, {"password": PASSWORD, "next": PAGE})["Location"] == PAGE
    shown = as_alice.post(PAGE)
    text = shown.content.decode()
    code = text.split("?start=")[1].split('"')[0]
    assert f"https://t.me/autogrid_demo_bot?start={code}" in text
    assert shown["Cache-Control"].count("no-store")
    assert links.redeem(code=code, chat_id=ALICES) == alice


def test_a_session_alone_links_no_chat(as_alice, fake):
    """Who has stolen one would command the bots by a chat of his own, also after the password has changed."""
    asked = as_alice.post(PAGE, follow=True)
    assert asked.request["PATH_INFO"] == CONFIRM
    assert not LinkCode.objects.exists()


def test_the_page_hears_of_the_link_and_unlinks(as_alice, alice, fake):
    assert as_alice.get(f"{PAGE}state/").status_code == 204
    links.redeem(code=links.new_code(user=alice), chat_id=ALICES)
    assert as_alice.get(f"{PAGE}state/").headers["HX-Refresh"] == "true"
    assert "Unlink the chat" in as_alice.get(PAGE).content.decode()
    as_alice.post(f"{PAGE}unlink/")
    assert chat_of(alice) is None


def test_without_a_token_the_page_says_so_and_makes_no_code(as_alice, settings):
    assert "no Telegram bot yet" in as_alice.get(PAGE).content.decode()
    assert as_alice.post(PAGE).status_code == 404


@pytest.mark.parametrize("path", ["", "state/", "unlink/"])
def test_nobody_gets_there_without_signing_in(client, db, path):
    method = client.post if path == "unlink/" else client.get
    assert method(f"{PAGE}{path}").status_code == 302
