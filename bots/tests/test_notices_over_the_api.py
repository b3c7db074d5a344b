"""What one is told of, and one's channels, over the API."""

import json

import pytest

from accounts.tests.conftest import PASSWORD, long_ago, only_error
from bots.models import Delivery
from bots.services import deliveries, own_channels
from bots.tests.listener import DISCORD, here, names, program

__all__ = ["here", "names", "program"]
CHANNELS = "/api/v1/notifications/channels"
NOTICES = "/api/v1/notifications"


def test_channels_are_made_tested_and_removed_over_the_api(alices, program, here, monkeypatch):
    monkeypatch.setattr(own_channels, "TEST_EVERY", 10**9)  # however slow this machine is
    made = alices.post(CHANNELS, {"kind": "webhook", "label": "Mine", "url": program.url()})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    assert made.json()["hint"] == f"http://127.0.0.1:{program.port}/…"
    [listed] = alices.get(CHANNELS).json()["channels"]
    assert {"secret", "url"}.isdisjoint(listed)
    assert listed["label"] == "Mine"
    for _ in range(3):
        assert alices.post(f"{CHANNELS}/{listed['id']}/test").status_code == 202
    assert Delivery.objects.count() == 1, "the button is no way to flood somebody"
    assert deliveries.drain() == 1
    assert json.loads(program.received[0][2])["kind"] == "test"
    assert alices.delete(f"{CHANNELS}/{listed['id']}").status_code == 204
    assert alices.get(CHANNELS).json() == {"channels": []}


def test_a_browser_that_signed_in_a_while_ago_gives_the_password_before_a_channel_is_added(api, alice, names):
    api.force_login(alice)
    long_ago(api)
    body = {"kind": "apprise", "url": DISCORD}
    assert only_error(api.post(CHANNELS, body)) == ("confirmation_required", None)
    assert api.get(CHANNELS).json() == {"channels": []}
    assert api.post("/api/v1/auth/confirm", {"password": PASSWORD}).status_code == 200
    assert api.post(CHANNELS, body).status_code == 201


def test_anothers_channel_is_a_404(alice, bobs, names):
    channel = own_channels.add_channel(user=alice, kind="apprise", label="", url=DISCORD)
    assert bobs.delete(f"{CHANNELS}/{channel.pk}").status_code == 404
    assert bobs.post(f"{CHANNELS}/{channel.pk}/test").status_code == 404
    assert bobs.get(CHANNELS).json() == {"channels": []}


def test_a_bad_channel_is_a_400_that_names_the_field(alices, names):
    answer = alices.post(CHANNELS, {"kind": "webhook", "url": "http://127.0.0.1/x"})
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["attr"] == "url"
    assert "inside this server's network" in error["detail"]


def test_choices_and_quiet_hours_over_the_api(alices, alice):
    before = alices.get(NOTICES).json()
    assert (before["timezone"], before["quiet_hours"]) == ("UTC", None)
    assert before["choices"]["fills"] == {"email": False, "telegram": True, "apprise": True, "webhook": True}
    sent = {"choices": {"fills": {"email": True}}, "quiet_hours": {"since": "22:00", "until": "07:30"}}
    after = alices.patch(NOTICES, sent).json()
    assert after["choices"]["fills"]["email"]
    assert after["quiet_hours"] == {"since": "22:00", "until": "07:30"}
    assert alices.patch(NOTICES, {"quiet_hours": None}).json()["quiet_hours"] is None
    assert alices.get(NOTICES).json()["choices"]["fills"]["email"], "what is left out stays"


@pytest.mark.parametrize(
    ("sent", "attr"),
    [
        ({"choices": {"gossip": {"email": True}}}, "choices"),
        ({"choices": {"fills": {"email": "yes"}}}, "choices.fills"),
        ({"quiet_hours": {"since": "22:00"}}, "quiet_hours.until"),
        ({"quiet_hours": {"since": "late", "until": "07:00"}}, "quiet_hours.since"),
        ({"loud": True}, "loud"),
    ],
)
def test_bad_choices_are_a_400(alices, sent, attr):
    answer = alices.patch(NOTICES, sent)
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == [attr]


def test_strangers_see_nothing(api, db):
    assert [api.get(path).status_code for path in (NOTICES, CHANNELS)] == [401, 401]
