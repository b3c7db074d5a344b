"""Keys and channels ask for the password again where the sign-in is five minutes old; what stops bots never asks."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.conftest import PASSWORD, long_ago
from bots.models import NoticeChannel
from bots.web.tests.conftest import Making
from exchanges.models import Credential

KEYS, CHANNELS = "/keys/", "/account/notices/channels/"
KEY = {
    "exchange": "binance",
    "mode": "live",
    "label": "Late",
    "api_key": "demo-late-0123456789",
    "api_secret": "a-secret-of-late",
}
CHANNEL = {"kind": "apprise", "label": "Chat", "url": "ntfys://ntfy.sh/a-topic"}


@pytest.fixture
def hers(as_alice: Client) -> Client:
    long_ago(as_alice)
    return as_alice


def test_a_key_is_added_with_the_password_in_the_same_form(hers: Client, at_the_simulator: None) -> None:
    asked = hers.post(KEYS, KEY)
    assert asked.status_code == 422
    assert "demo-late-0123456789" in asked.content.decode()
    assert 'name="confirmation"' in hers.get(KEYS).content.decode()
    wrong = hers.post(KEYS, {**KEY, "confirmation": "not her password"})
    assert "Wrong password." in wrong.content.decode()
    assert not Credential.objects.exists()
    assert hers.post(KEYS, {**KEY, "confirmation": PASSWORD}).status_code == 302
    assert Credential.objects.get().label == "Late"
    assert 'name="confirmation"' not in hers.get(KEYS).content.decode()


def test_a_paper_account_asks_for_nothing(hers: Client) -> None:
    paper = {"exchange": "binance", "mode": "paper", "label": "Paper account"}
    assert hers.post(KEYS, paper).status_code == 302
    assert Credential.objects.exists()


def test_a_channel_is_added_with_the_password_in_the_same_form(hers: Client) -> None:
    asked = hers.post(CHANNELS, CHANNEL)
    assert asked.status_code == 422
    assert "ntfys://ntfy.sh/a-topic" in asked.content.decode()
    assert hers.post(CHANNELS, {**CHANNEL, "confirmation": PASSWORD}).status_code == 302
    assert NoticeChannel.objects.get().label == "Chat"


def test_removing_a_key_leads_to_the_question_and_back(hers: Client, alice: User) -> None:
    key = Credential.objects.create(user=alice, exchange="binance", label="Old")
    remove = f"/keys/{key.pk}/remove/"
    assert hers.post(remove)["Location"] == "/accounts/reauthenticate/?next=%2Fkeys%2F"
    back = hers.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": KEYS})
    assert back["Location"] == KEYS
    hers.post(remove)
    assert not Credential.objects.exists()


def test_what_stops_bots_never_asks(as_alice: Client, making: Making) -> None:
    bot = making("Range", status="running")
    long_ago(as_alice)
    as_alice.post(f"/bots/{bot.pk}/stop/")
    as_alice.post("/bots/stop-all/", {"action": "cancel"})
    bot.refresh_from_db()
    assert (bot.status, bot.halted) == ("stopped", True)
