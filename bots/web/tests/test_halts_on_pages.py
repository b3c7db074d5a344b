"""A halt of trading is on every page of whom it concerns, with its reason and what it means."""

import pytest
from django.test import Client

from accounts.models import User
from bots.services import halts
from bots.web.tests.conftest import Making

PAGES = ["/bots/", "/bots/new/", "/keys/", "/account/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_it(as_alice: Client, as_bob: Client, alice: User, path: str) -> None:
    halts.place_halt(scope="user", user=alice, reason="the account is looked into", by=alice)
    page = as_alice.get(path).content.decode()
    assert "Trading for your account is halted by the operator: the account is looked into." in page
    assert "open nothing new" in page
    assert 'Since <time datetime="' in page, "the browser shows it in the user's zone"
    assert "looked into" not in as_bob.get(path).content.decode()


def test_the_page_of_a_bot_says_it_too(as_alice: Client, making: Making) -> None:
    bot = making()
    halts.place_halt(scope="exchange", exchange="binance", reason="<b>odd</b> prices", action="stop")
    page = as_alice.get(f"/bots/{bot.id}/").content.decode()
    assert "Trading on Binance is halted by the circuit breaker: &lt;b&gt;odd&lt;/b&gt; prices." in page
    assert "Bots are stopped" in page


def test_a_start_says_why_not(as_alice: Client, making: Making) -> None:
    bot = making()
    halts.place_halt(scope="all", reason="maintenance")
    page = as_alice.post(f"/bots/{bot.id}/start/", follow=True).content.decode()
    assert page.count("Trading is halted by the circuit breaker: maintenance.") == 2  # banner and answer
    bot.refresh_from_db()
    assert bot.status == "stopped"


def test_the_users_own_breaker_has_a_button(as_alice: Client, alice: User) -> None:
    placed = halts.place_halt(scope="user", user=alice, reason="3 of your bots tripped")
    assert "/bots/lift-halt/" in as_alice.get("/bots/").content.decode()
    page = as_alice.post("/bots/lift-halt/", follow=True).content.decode()
    assert "Trading goes on" in page
    placed.refresh_from_db()
    assert placed.lifted_by == alice
    assert "has not halted" in as_alice.post("/bots/lift-halt/", follow=True).content.decode()


def test_an_operators_halt_has_none(as_alice: Client, alice: User) -> None:
    halts.place_halt(scope="user", user=alice, reason="looked into", by=alice)
    assert "/bots/lift-halt/" not in as_alice.get("/bots/").content.decode()
