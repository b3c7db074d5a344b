"""/account/ lists the browsers that are signed in, and ends their sessions."""

import html
import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.browsers import browsers_of
from accounts.devices import device
from accounts.models import Browser
from accounts.tests.conftest import PASSWORD
from accounts.tests.test_pages import NEW_PASSWORD, SIGN_IN, is_signed_in

ACCOUNT, OTHERS = "/account/", "/account/browsers/sign-out/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36"


def browser(user, agent=FIREFOX, address="192.0.2.1"):
    """Signed in, and seen."""
    client = Client(REMOTE_ADDR=address, headers={"User-Agent": agent})
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    client.get("/accounts/logout/")
    return client


def listed(client):
    page = client.get(ACCOUNT).content.decode()
    return re.findall(r"<strong>([^<]+)</strong><span class=\"small muted\">(\S+)", html.unescape(page))


def row_of(client):
    return Browser.objects.get(session_key=client.session.session_key)


def test_browsers_are_listed_in_words_and_this_one_is_marked(alice, bob):
    hers, phone = browser(alice), browser(alice, CHROME, "198.51.100.9")
    browser(bob)
    assert sorted(listed(hers)) == [("Chrome on Android", "198.51.100.9"), ("Firefox on Linux", "192.0.2.1")]
    page = hers.get(ACCOUNT).content.decode()
    assert page.count("This one") == 1
    assert f"/account/browsers/{row_of(phone).pk}/sign-out/" in page
    assert f"/account/browsers/{row_of(hers).pk}/sign-out/" not in page


def test_one_is_signed_out(alice):
    hers, phone = browser(alice), browser(alice, CHROME)
    answer = hers.post(f"/account/browsers/{row_of(phone).pk}/sign-out/", follow=True)
    assert "That browser is signed out." in answer.content.decode()
    assert not is_signed_in(phone)
    assert is_signed_in(hers)
    assert len(listed(hers)) == 1


def test_all_others_are_signed_out(alice, bob):
    hers, phone, tablet, his = browser(alice), browser(alice), browser(alice), browser(bob)
    hers.post(OTHERS)
    assert [is_signed_in(client) for client in (hers, phone, tablet, his)] == [True, False, False, True]
    assert len(listed(hers)) == 1


def test_sessions_never_noted_and_programs_end_with_the_others(alice, alices, api):
    hers, unnoted = browser(alice), browser(alice)
    Browser.objects.filter(session_key=unnoted.session.session_key).delete()
    login = {"email": "alice@example.org", "password": PASSWORD}
    refresh = {"refresh_token": api.post("/api/v1/auth/login", login).json()["refresh_token"]}
    hers.post(OTHERS)
    assert not is_signed_in(unnoted)
    assert alices.get("/api/v1/me").status_code == 401
    assert api.post("/api/v1/auth/refresh", refresh).status_code == 401
    assert is_signed_in(hers)
    assert len(listed(hers)) == 1


def test_a_session_that_was_never_used_is_signed_out_with_the_others(alice):
    hers, thief = browser(alice), Client()
    assert thief.post(SIGN_IN, {"login": "alice@example.org", "password": PASSWORD}).status_code == 302
    hers.post(OTHERS)
    assert not is_signed_in(thief)
    assert is_signed_in(hers)


def test_who_takes_a_browser_over_is_noted_in_a_session_of_his_own(alice, bob):
    shared = browser(alice)
    shared.force_login(bob)
    assert row_of(shared).user == bob


def test_a_sign_in_by_the_api_leaves_the_browsers_session_to_its_user(alice, bob):
    hers = browser(alice)
    login = {"email": "bob@example.org", "password": PASSWORD}
    assert hers.post("/api/v1/auth/login", login, content_type="application/json").status_code == 200
    assert row_of(hers).user == alice


def test_nobody_ends_anothers_session(alice, bob):
    hers, his = browser(alice), browser(bob)
    assert his.post(f"/account/browsers/{row_of(hers).pk}/sign-out/").status_code == 404
    assert is_signed_in(hers)


def test_who_came_in_by_a_form_is_listed_from_his_first_page_on(alice, pages):
    pages.post(SIGN_IN, {"login": "alice@example.org", "password": PASSWORD})
    assert len(listed(pages)) == 1


def test_what_has_ended_is_listed_no_more_and_forgotten(alice):
    hers, old, gone = browser(alice), browser(alice), browser(alice)
    long_ago = timezone.now() - timedelta(days=1)
    Session.objects.filter(pk=old.session.session_key).update(expire_date=long_ago)
    gone.post("/accounts/logout/")
    assert len(listed(hers)) == 1
    assert Browser.objects.count() == 1


def test_a_new_password_leaves_this_one_alone(alice):
    hers, phone = browser(alice), browser(alice, CHROME)
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert hers.post("/accounts/password/change/", form).status_code == 302
    assert [words for words, _ in listed(hers)] == ["Firefox on Linux"]
    assert not is_signed_in(phone)


def test_a_browser_is_noted_again_after_a_while_where_it_is_then(alice):
    hers = browser(alice)
    first = row_of(hers).seen_at
    hers.get("/accounts/logout/", REMOTE_ADDR="198.51.100.9")
    assert (row_of(hers).seen_at, row_of(hers).address) == (first, "192.0.2.1")
    cache.clear()
    hers.get("/accounts/logout/", REMOTE_ADDR="198.51.100.9")
    assert row_of(hers).seen_at > first
    assert row_of(hers).address == "198.51.100.9"


def test_a_program_with_a_token_is_no_browser(alices, alice):
    assert alices.get("/api/v1/me").status_code == 200
    assert not Browser.objects.exists()


def test_the_list_asks_the_database_as_often_for_many_as_for_one(alice, django_assert_num_queries):
    browser(alice)
    with django_assert_num_queries(2):
        assert len(browsers_of(alice)) == 1
    for _ in range(3):
        browser(alice)
    with django_assert_num_queries(2):
        assert len(browsers_of(alice)) == 4


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Android"),
        (f"{CHROME} Edg/138.0", "Edge on Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari on an iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15", "Safari on a Mac"),
        ("curl/8.5.0", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)
def test_devices_have_words(agent, words):
    assert device(agent) == words
