"""The page of notices: boxes per topic and channel, quiet hours, and channels whose secrets are seen once."""

from ipaddress import ip_network

from bots.models import Delivery, NoticeChannel
from bots.services.notice_settings import change, choices_of, settings_of
from bots.services.topics import TOPICS

PAGE = "/account/notices/"
ADD = f"{PAGE}channels/"
HOOK = {"kind": "webhook", "label": "Mine", "url": "http://127.0.0.1:1/hook/k3y"}


def test_unticked_boxes_are_off_and_channels_to_come_keep_theirs(as_alice, alice):
    page = as_alice.get(PAGE).content.decode()
    assert 'name="kill_switch.email" checked' in page
    assert 'name="fills.email"' in page
    assert 'name="fills.telegram" value="on"' in page, "not offered, but kept"
    sent = {"fills.email": "on", "fills.telegram": "on"}
    assert as_alice.post(f"{PAGE}choose/", sent).headers["Location"] == PAGE
    choices = choices_of(alice)
    assert choices["fills"] == {"email": True, "telegram": True, "apprise": False, "webhook": False}
    assert not any(choices[topic]["email"] for topic in TOPICS if topic != "fills")


def test_a_linked_chat_has_its_column(as_alice, alice):
    assert "Telegram</th>" not in as_alice.get(PAGE).content.decode()
    alice.telegram_chat_id = 7
    alice.save()
    assert "Telegram</th>" in as_alice.get(PAGE).content.decode()


def test_quiet_hours_and_the_zone_are_kept(as_alice, alice):
    hours = {"timezone": "Europe/Berlin", "since": "22:00", "until": "07:00"}
    assert as_alice.post(f"{PAGE}quiet/", hours).status_code == 302
    alice.refresh_from_db()
    row = settings_of(alice)
    assert (alice.timezone, row.quiet_from.hour, row.quiet_until.hour) == ("Europe/Berlin", 22, 7)
    assert 'value="22:00"' in as_alice.get(PAGE).content.decode()
    as_alice.post(f"{PAGE}quiet/", {"timezone": "UTC", "since": "", "until": ""})
    assert settings_of(alice).quiet_from is None


def test_half_an_hour_range_is_refused_where_it_lacks(as_alice, alice):
    answer = as_alice.post(f"{PAGE}quiet/", {"timezone": "UTC", "since": "22:00", "until": ""})
    assert answer.status_code == 422
    assert "Give both times, or none." in answer.content.decode()
    assert settings_of(alice).quiet_from is None


def test_a_webhooks_secret_is_seen_once_and_its_address_never(as_alice, alice, settings):
    settings.AUTOGRID_NOTICE_NETWORKS = [ip_network("127.0.0.0/8")]
    made = as_alice.post(ADD, HOOK)
    assert made.status_code == 201
    assert "no-store" in made.headers["Cache-Control"]
    secret = NoticeChannel.objects.get().secret
    assert secret in made.content.decode()
    page = as_alice.get(PAGE).content.decode()
    assert "Mine" in page
    assert secret not in page
    assert "k3y" not in page + made.content.decode()


def test_an_address_inside_the_network_is_refused_in_place(as_alice, alice):
    answer = as_alice.post(ADD, HOOK)
    assert answer.status_code == 422
    assert "inside this server&#x27;s network" in answer.content.decode()
    assert not NoticeChannel.objects.exists()


def test_a_test_is_sent_and_what_became_of_it_is_shown(as_alice, alice):
    channel = NoticeChannel.objects.create(user=alice, kind="webhook", label="Mine", hint="h", url="u")
    assert "Not used yet" in as_alice.get(PAGE).content.decode()
    as_alice.post(f"{ADD}{channel.pk}/test/")
    assert Delivery.objects.get().kind == "test"
    Delivery.objects.update(state="failed", attempts=1, error="the program answered 500")
    page = as_alice.get(PAGE).content.decode()
    assert "Not delivered" in page
    assert "the program answered 500" in page


def test_anothers_channel_is_a_404(as_bob, alice):
    channel = NoticeChannel.objects.create(user=alice, kind="webhook", label="Mine", hint="h", url="u")
    for action in ("test", "remove"):
        assert as_bob.post(f"{ADD}{channel.pk}/{action}/").status_code == 404
    assert NoticeChannel.objects.exists()


def test_a_channel_is_removed(as_alice, alice):
    channel = NoticeChannel.objects.create(user=alice, kind="webhook", label="Mine", hint="h", url="u")
    change(user=alice, choices={"fills": {"webhook": True}})
    assert as_alice.post(f"{ADD}{channel.pk}/remove/").headers["Location"] == PAGE
    assert not NoticeChannel.objects.exists()
