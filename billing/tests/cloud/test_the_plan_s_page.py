import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def page(cloud, alice: User) -> Client:
    client = Client()
    client.force_login(alice, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_shows_the_plan_what_is_used_and_what_others_allow(page, alice):
    text = page.get("/billing/").content.decode()
    assert "You are on the Free plan." in text
    assert text.count('scope="row"') == 6  # the four limits, Telegram and the price
    assert "2,000" in text
    User.objects.filter(pk=alice.pk).update(plan="enterprise")
    assert "no limit" in page.get("/billing/").content.decode()


def test_other_pages_show_use_against_the_limit_before_one_hits_it(page):
    assert "Live bots running: <strong" in page.get("/bots/").content.decode()
    assert "Backtests today: <strong" in page.get("/backtest/").content.decode()
    keys = page.get("/keys/").content.decode()
    assert "0 of 1" in keys
    assert "Live exchange keys" in keys
    assert 'href="/billing/"' in keys


def test_asks_for_a_sign_in(client, db):
    assert client.get("/billing/").status_code == 302
