"""/keys/: what is there, add one, look again, remove."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots.web.key_steps import steps_for
from bots.web.tests.conftest import Making
from exchanges.entry import offers
from exchanges.models import Credential

KEY, SECRET = "demo-key-of-a-page-0123", "never-shown-again-0123"


def body(**changes: str) -> dict[str, str]:
    return {"exchange": "binance", "label": "Main", "api_key": KEY, "api_secret": SECRET} | changes


@pytest.fixture(autouse=True)
def _exchange(at_the_simulator: None) -> None:
    pass


def test_a_key_is_checked_added_and_leads_on_to_the_first_bot(as_alice: Client, alice: User) -> None:
    assert as_alice.post("/keys/", body()).headers["Location"] == "/bots/new/"
    page = as_alice.get("/keys/").content.decode()
    assert "Cannot withdraw" in page
    assert "IP list" in page
    assert KEY not in page
    assert SECRET not in page


@pytest.mark.parametrize(
    ("api_key", "words"),
    [("demo-withdraw-1", "withdraw"), ("demo-readonly-1", "trad"), ("demo spaces", "spaces")],
)
def test_a_key_that_is_refused_says_why_at_its_field(as_alice: Client, api_key: str, words: str) -> None:
    answer = as_alice.post("/keys/", body(api_key=api_key))
    assert answer.status_code == 422
    assert words in answer.context["form"].errors["api_key"][0]
    assert SECRET not in answer.content.decode()
    assert not Credential.objects.exists()


def test_a_key_without_an_ip_list_is_marked(as_alice: Client) -> None:
    as_alice.post("/keys/", body(api_key="demo-noip-1"))
    assert "No IP list" in as_alice.get("/keys/").content.decode()


def test_a_key_can_be_checked_again(as_alice: Client, key: Credential) -> None:
    page = as_alice.post(f"/keys/{key.id}/check/", follow=True).content.decode()
    assert "is in order" in page


def test_without_the_exchange_the_check_says_so(as_alice: Client, key: Credential, settings: Any) -> None:
    settings.EXCHANGE_SIMULATOR = settings.EXCHANGE_SIMULATOR | {"port": 1}
    page = as_alice.post(f"/keys/{key.id}/check/", follow=True).content.decode()
    assert "does not answer" in page


def test_an_unused_key_can_be_removed(as_alice: Client, key: Credential) -> None:
    as_alice.post(f"/keys/{key.id}/remove/")
    assert not Credential.objects.exists()


def test_a_key_that_a_bot_uses_stays(as_alice: Client, key: Credential, making: Making) -> None:
    making()
    page = as_alice.post(f"/keys/{key.id}/remove/", follow=True).content.decode()
    assert "Bots use this key" in page
    assert Credential.objects.exists()


def test_another_users_key_is_not_found(as_bob: Client, key: Credential) -> None:
    assert as_bob.post(f"/keys/{key.id}/check/").status_code == 404
    assert as_bob.post(f"/keys/{key.id}/remove/").status_code == 404
    assert "Remove Main" not in as_bob.get("/keys/").content.decode()
    assert Credential.objects.exists()


def asked_for(page: str) -> set[str]:
    names = ("api_key", "api_secret", "api_passphrase", "attest_no_withdrawal", "paper_balance")
    return {name for name in names if f'name="{name}"' in page}


@pytest.mark.parametrize(
    ("query", "fields", "words"),
    [
        ("exchange=binance", {"api_key", "api_secret"}, "spot trading"),
        ("exchange=binance&mode=testnet", {"api_key", "api_secret"}, "spot testnet"),
        ("exchange=bybit", {"api_key", "api_secret"}, "unified trading account"),
        ("exchange=mexc", {"api_key", "api_secret", "attest_no_withdrawal"}, "you have to confirm"),
        ("exchange=mexc&mode=testnet", {"api_key", "api_secret", "attest_no_withdrawal"}, "MEXC"),
        ("exchange=mexc&mode=paper", {"paper_balance"}, "MEXC&#x27;s live prices"),
        ("exchange=nonsense&mode=nonsense", {"api_key", "api_secret"}, "spot trading"),
    ],
)
def test_the_form_asks_for_what_a_key_of_that_exchange_needs(
    as_alice: Client, query: str, fields: set[str], words: str
) -> None:
    page = as_alice.get(f"/keys/?{query}").content.decode()
    assert asked_for(page) == fields
    assert words in page


def test_the_word_of_a_keys_owner_is_asked_for_where_the_exchange_does_not_tell(as_alice: Client) -> None:
    answer = as_alice.post("/keys/", body(exchange="mexc"))
    assert answer.status_code == 422
    assert "Confirm" in answer.context["form"].errors["attest_no_withdrawal"][0]
    as_alice.post("/keys/", body(exchange="mexc", attest_no_withdrawal="on"))
    page = as_alice.get("/keys/").content.decode()
    assert "Your word: cannot withdraw" in page
    assert "you have confirmed" in page


def test_a_paper_account_needs_no_key(as_alice: Client, alice: User) -> None:
    answer = as_alice.post(
        "/keys/", {"exchange": "binance", "mode": "paper", "label": "Play", "paper_balance": "500"}
    )
    assert answer.status_code == 302
    assert alice.credentials.get().mode == "paper"
    assert "Paper money" in as_alice.get("/keys/").content.decode()
    wrong = {"exchange": "binance", "mode": "paper", "label": "Play", "paper_balance": "much"}
    assert "numbers" in as_alice.post("/keys/", wrong).context["form"].errors["paper_balance"][0]


def test_the_newest_key_is_on_top(as_alice: Client, alice: User) -> None:
    labels = [f"Key {number}" for number in range(6)]
    for label in labels:
        as_alice.post("/keys/", body(label=label, api_key=f"demo-{label.replace(' ', '-')}-of-a-page"))
    assert [key.label for key in as_alice.get("/keys/").context["keys"]] == labels[::-1]


def test_every_exchange_says_how_its_key_is_made(as_alice: Client, settings: Any) -> None:
    settings.AUTOGRID_ADDRESS = "203.0.113.7"
    for offer in offers():
        assert steps_for(offer.id, "live"), offer.id
        page = as_alice.get("/keys/", {"exchange": offer.id}).content.decode()
        assert f"How to make one at {offer.name}" in page
        assert "203.0.113.7" in page
    assert "How to make one" not in as_alice.get("/keys/", {"mode": "paper"}).content.decode()
