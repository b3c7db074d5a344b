import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.client import client_ip


def request(remote: str, forwarded: str | None = None) -> HttpRequest:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers)


def test_the_forwarded_header_is_not_believed_by_default():
    assert client_ip(request("192.0.2.1", "198.51.100.9")) == "192.0.2.1"


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("6.6.6.6, 203.0.113.5", "203.0.113.5"),
        ("nonsense", "192.0.2.1"),
        ("", "192.0.2.1"),
        (None, "192.0.2.1"),
    ],
)
def test_a_trusted_proxy_names_the_client(settings, forwarded, expected):
    settings.AUTOGRID_TRUSTED_PROXIES = 1
    assert client_ip(request("192.0.2.1", forwarded)) == expected


def test_the_header_is_read_from_behind_all_our_proxies(settings):
    settings.AUTOGRID_TRUSTED_PROXIES = 2
    assert client_ip(request("192.0.2.1", "6.6.6.6, 203.0.113.5, 10.0.0.1")) == "203.0.113.5"
    assert client_ip(request("192.0.2.1", "10.0.0.1")) == "192.0.2.1"


def test_one_ipv6_client_is_one_however_many_addresses_it_uses():
    assert (
        client_ip(request("2001:db8:1:2:3:4:5:6"))
        == client_ip(request("2001:db8:1:2::1"))
        == "2001:db8:1:2::"
    )
    assert client_ip(request("::ffff:192.0.2.1")) == "192.0.2.1"


def test_a_client_without_address_is_counted_as_one():
    assert client_ip(request("")) == "0.0.0.0"
