"""Chat services and webhooks: signed, encrypted where they are kept, and never a way into the operator's network."""

import hmac
import json
import socket
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_network

import pytest
import requests
from django.db import connection
from django.utils import timezone

from bots.models import Delivery, NoticeChannel
from bots.services import deliveries, guarding, outward, own_channels, push
from bots.services.notice_settings import change
from bots.services.notices import notify
from bots.tests.listener import DISCORD, HERE, here, names, program
from bots.tests.records import plain_bot

__all__ = ["here", "names", "program"]


def webhook(user, url):
    return NoticeChannel.objects.create(
        user=user, kind="webhook", label="Program", hint="h", url=url, secret="whsec_x"
    )


def tell(user, **values):
    change(user=user, choices={"bot_errors": {"email": False}})
    notify(user=user, kind="bot_error", text="It failed.", **values)
    return deliveries.drain()


def test_a_program_gets_signed_json(alice, program, here):
    channel = own_channels.add_channel(user=alice, kind="webhook", label="Mine", url=program.url())
    bot = plain_bot(alice, name="Range")
    assert tell(alice, bot=bot, facts={"Code": "-1"}) == 1
    [(path, headers, body)] = program.received
    assert (path, headers["Content-Type"]) == ("/hook?a=1", "application/json")
    signed = f"{headers['AutoGrid-Timestamp']}.".encode() + body
    assert (
        headers["AutoGrid-Signature"] == "v1=" + hmac.new(channel.secret.encode(), signed, sha256).hexdigest()
    )
    assert abs(int(headers["AutoGrid-Timestamp"]) - timezone.now().timestamp()) < 120
    told = json.loads(body)
    assert told["id"] == headers["AutoGrid-Delivery"] == str(Delivery.objects.get().pk)
    assert (told["kind"], told["topic"], told["text"]) == ("bot_error", "bot_errors", "It failed.")
    assert told["bot"] == {"name": "Range", "id": str(bot.pk), "symbol": "BTC/USDT", "strategy": "grid"}
    assert told["facts"] == {"Code": "-1"}


@pytest.mark.parametrize(
    ("status", "state", "error"),
    [(500, "pending", "500"), (302, "pending", "302"), (410, "failed", "gone for good"), (204, "sent", "")],
)
def test_what_the_program_answers_decides(alice, program, here, status, state, error):
    webhook(alice, program.url())
    program.status, program.headers = status, {"Location": program.url(path="/elsewhere")}
    tell(alice)
    row = Delivery.objects.get()
    assert (row.state, error in row.error) == (state, True)
    assert len(program.received) == 1, "no redirect is followed"


def test_a_program_that_asks_for_time_gets_it(alice, program, here):
    webhook(alice, program.url())
    program.status, program.headers = 429, {"Retry-After": "3600"}
    before = timezone.now()
    tell(alice)
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("pending", 0)
    assert before <= row.next_try_at - timedelta(hours=1) <= timezone.now()


def test_only_the_beginning_of_an_answer_is_read(program, here):
    program.body = b"x" * 1_000_000
    assert len(outward.post(program.url(), b"{}", {}).body) == outward.MOST_READ


def test_who_drips_on_is_cut_off(here, monkeypatch):
    monkeypatch.setattr(outward, "WHOLE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(OSError):
        outward.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]"),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "[::]"),
    ],
)
def test_no_address_of_the_operators_network_is_taken(names, host):
    with pytest.raises(outward.NotAllowed):
        outward.check_url(f"http://{host}/x")


def test_public_addresses_are_taken_and_named_networks_too(names, settings):
    outward.check_url("https://93.184.216.34/x")
    outward.check_url("https://[2606:4700::1111]:8443/x")
    settings.AUTOGRID_NOTICE_NETWORKS = [ip_network("192.168.7.0/24")]
    outward.check_url("http://192.168.7.9/x")
    with pytest.raises(outward.NotAllowed):
        outward.check_url("http://192.168.8.9/x")


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org/", "example.org", "", "https://", "https://user:pass@example.org/"),
        *(
            "https://exa mple.org/",
            "https://example.org:99999/",
            "https://nowhere.test/",
            "file:///etc/passwd",
        ),
        "https://example.org/\r\nX: y",
    ],
)
def test_what_is_no_web_address_is_refused_in_a_sentence(names, url):
    names["example.org"] = [["93.184.216.34"]]
    with pytest.raises(outward.NotAllowed, match=r"^[A-Z].*\.$|known"):
        outward.check_url(url)


def test_a_name_with_one_bad_address_is_refused(names):
    names["both.test"] = [["93.184.216.34", "10.0.0.1"]]
    with pytest.raises(outward.NotAllowed):
        outward.check_url("https://both.test/")


def test_a_name_that_changes_its_mind_is_looked_at_when_it_is_sent_to(alice, program, names):
    names["rebind.test"] = [["93.184.216.34"], ["127.0.0.1"]]
    own_channels.add_channel(user=alice, kind="webhook", label="", url=program.url("rebind.test"))
    tell(alice)
    assert Delivery.objects.get().state == "failed"
    assert "inside this server's network" in Delivery.objects.get().error
    assert not program.received


def test_what_was_checked_is_what_is_connected_to(program, names, settings):
    settings.AUTOGRID_NOTICE_NETWORKS = HERE
    names["pinned.test"] = [["127.0.0.1"], ["127.9.9.9"]]  # where nobody listens
    assert outward.post(program.url("pinned.test"), b"{}", {}).status == 200
    assert program.received[0][1]["Host"] == f"pinned.test:{program.port}"


def test_chat_services_are_known_by_name_and_show_no_key(alice, names):
    channel = own_channels.add_channel(user=alice, kind="apprise", label="", url=DISCORD)
    assert (channel.label, channel.hint, channel.secret) == ("Discord", "Discord", "")
    names["ntfy.example.org"] = [["93.184.216.34"]]
    channel = own_channels.add_channel(
        user=alice, kind="apprise", label="Phone", url="ntfys://ntfy.example.org/t0pic"
    )
    assert channel.hint == "ntfy at ntfy.example.org"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "syslog://",
            "file:///etc/passwd",
            "dbus://",
            "discord://x",
            "https://example.org",
            "ntfy://[::1]/x",
        ),
        *(
            "ntfy://127.0.0.1/topic",
            "gotify://inner.test/AAAABBBBCCCCDDD",
            DISCORD + "/?template=/etc/passwd",
        ),
        "discord://a\r\nb/c",
    ],
)
def test_services_that_touch_this_machine_are_not_offered(alice, names, url, caplog):
    names["inner.test"] = [["10.1.2.3"]]
    with pytest.raises(own_channels.ChannelRejected) as refused:
        own_channels.add_channel(user=alice, kind="apprise", label="", url=url)
    assert refused.value.field == "url"
    assert not NoticeChannel.objects.exists()
    assert url not in caplog.text, "no address is logged"


def test_a_chat_service_gets_title_and_words(alice, program, names, settings):
    settings.AUTOGRID_NOTICE_NETWORKS = HERE
    url = f"ntfy://127.0.0.1:{program.port}/topic?mode=private"
    own_channels.add_channel(user=alice, kind="apprise", label="", url=url)
    assert tell(alice, bot=plain_bot(alice, name="Range"), facts={"Code": "-1"}) == 1
    body = json.loads(program.received[0][2])
    assert body["title"] == "AutoGrid: Range is in error and trades no more"
    for part in ("It failed.", "Bot: Range (GRID on BTC/USDT)", "Code: -1"):
        assert part in body["message"]


def test_a_chat_service_that_fails_is_tried_again(alice, program, names, settings):
    settings.AUTOGRID_NOTICE_NETWORKS = HERE
    program.status, program.headers = 307, {"Location": program.url(path="/elsewhere")}
    url = f"ntfy://127.0.0.1:{program.port}/topic?mode=private&redirect=yes"
    own_channels.add_channel(user=alice, kind="apprise", label="", url=url)
    tell(alice)
    row = Delivery.objects.get()
    assert (row.state, row.error) == ("pending", "OSError: ntfy did not take it.")
    assert len(program.received) == 1, "a URL cannot ask for redirects"


def test_of_a_chat_services_answer_the_beginning_is_read(program, here):
    program.body = b"x" * 100 + bytes(30_000_000)  # never sent whole: who listens has gone
    with guarding.guarded():
        answer = requests.post(program.url(), timeout=120)
    assert answer.content[:101] == b"x" * 100 + b"\0"
    assert len(answer.content) <= guarding.MOST_READ


def test_a_chat_service_that_drips_is_left(program, here, monkeypatch):
    monkeypatch.setattr(guarding, "WHOLE_SECONDS", 0.2)
    program.headers = {"Content-Length": "1000"}  # and "{}" is all that comes
    program.hold.clear()
    with guarding.guarded(), pytest.raises(requests.ConnectionError):
        requests.post(program.url(), timeout=120)
    assert not program.hold.is_set()


def test_a_chat_services_name_that_changes_its_mind_leads_nowhere(program, names):
    names["rebind.test"] = [["93.184.216.34"], ["127.0.0.1"]]
    url = f"ntfy://rebind.test:{program.port}/topic?mode=private"
    assert push.service_of(url) == "ntfy at rebind.test"
    with pytest.raises(outward.NotAllowed):
        push.send(url, "Title", "Body")
    assert not program.received


def test_outside_of_the_guard_connections_are_free(program):
    with pytest.raises(outward.NotAllowed), guarding.guarded(), suppress(OSError):
        socket.create_connection(("127.0.0.1", program.port))
    socket.create_connection(("127.0.0.1", program.port)).close()


def test_addresses_are_kept_encrypted(alice, names):
    own_channels.add_channel(user=alice, kind="apprise", label="", url=DISCORD)
    with connection.cursor() as cursor:
        cursor.execute("SELECT url, label, hint FROM notice_channels")
        row = cursor.fetchone()
    assert b"discord" not in bytes(row[0]).lower()
    assert NoticeChannel.objects.get().url == DISCORD


def test_a_removed_channel_ends_what_waits_for_it(alice, program, here):
    channel = webhook(alice, program.url())
    change(user=alice, choices={"bot_errors": {"email": False}})
    notify(user=alice, kind="bot_error", text="It failed.")
    own_channels.remove_channel(channel=channel)
    deliveries.drain()
    assert (Delivery.objects.get().state, program.received) == ("failed", [])


def test_there_is_an_end_to_channels(alice, names):
    for _ in range(own_channels.MOST):
        own_channels.add_channel(user=alice, kind="apprise", label="", url=DISCORD)
    with pytest.raises(own_channels.ChannelRejected, match="the most"):
        own_channels.add_channel(user=alice, kind="apprise", label="", url=DISCORD)
