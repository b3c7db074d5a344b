"""Paper accounts over the API: no key, an amount to begin with, and the public prices of the exchange. Alice owns,
Bob looks on."""

from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts.models import User
from bots.core.types import Balance
from exchanges import services
from exchanges.models import Credential
from exchanges.paper.models import PaperAccount

URL = "/api/v1/credentials"


@pytest.fixture(autouse=True)
def _no_exchange(settings: Any) -> Iterator[None]:
    """Nobody is asked: there is no key to ask about."""
    settings.EXCHANGE_SIMULATOR = {"host": "127.0.0.1", "port": 1, "ca": "/nowhere"}
    cache.clear()
    yield
    cache.clear()


def body(**changes: Any) -> dict[str, Any]:
    return {"exchange": "binance", "label": "Paper account", "mode": "paper"} | changes


def errors_of(response: Any) -> set[tuple[str, str | None]]:
    return {(error["code"], error["attr"]) for error in response.json()["errors"]}


def paper_of(user: User, **changes: Any) -> Credential:
    return services.create_credential(user=user, **body(**changes))


def test_a_paper_account_needs_no_key_and_begins_with_a_hundred_thousand(alices: APIClient):
    response = alices.post(URL, body())
    assert response.status_code == 201, response.content
    made = response.json()
    assert (made["mode"], made["is_valid"], made["permission_state"]) == ("paper", True, "verified_safe")
    assert (made["api_key_hint"], made["ip_restricted"]) == ("", None)
    stored = Credential.objects.get()
    assert services.balances_of(stored) == {"USDT": Balance(Decimal(100_000))}


def test_it_begins_with_what_one_asks_for(alices: APIClient):
    assert alices.post(URL, body(paper_balance="250.5")).status_code == 201
    assert services.balances_of(Credential.objects.get()) == {"USDT": Balance(Decimal("250.5"))}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"paper_balance": "0"}, "invalid", "paper_balance"),
        ({"paper_balance": "-1"}, "invalid", "paper_balance"),
        ({"paper_balance": "1000000001"}, "invalid", "paper_balance"),
        ({"paper_balance": "0.000000001"}, "max_decimal_places", "paper_balance"),
        ({"paper_balance": "much"}, "invalid", "paper_balance"),
        ({"exchange": "nyse"}, "unsupported_exchange", "exchange"),
        ({"label": ""}, "blank", "label"),
        ({"api_key": "k"}, "invalid", "api_key"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_created(alices: APIClient, changes, code, field):
    response = alices.post(URL, body(**changes))
    assert response.status_code == 400
    assert errors_of(response) == {(code, field)}
    assert not Credential.objects.exists()
    assert not PaperAccount.objects.exists()


def test_a_live_key_still_needs_its_key(alices: APIClient):
    response = alices.post(URL, body(mode="live"))
    assert errors_of(response) == {("required", "api_key"), ("required", "api_secret")}


def test_a_live_key_takes_no_balance(alices: APIClient):
    response = alices.post(URL, body(mode="live", api_key="k", api_secret="s", paper_balance="5"))
    assert errors_of(response) == {("invalid", "paper_balance")}


def test_a_check_asks_nobody(alice: User, alices: APIClient):
    made = paper_of(alice)
    response = alices.post(f"{URL}/{made.pk}/validate")
    assert (response.status_code, response.json()["is_valid"]) == (200, True)
    assert services.recheck_credentials() == {"valid": 0, "refused": 0, "unavailable": 0}


@pytest.mark.django_db(transaction=True)
def test_a_check_needs_no_transaction_around_it(alice: User, alices: APIClient):
    """As in production, where a request has none."""
    made = paper_of(alice)
    assert alices.post(f"{URL}/{made.pk}/validate").status_code == 200


def test_an_outsider_sees_none_of_it(alice: User, bobs: APIClient):
    made = paper_of(alice)
    assert bobs.get(URL).json()["credentials"] == []
    assert bobs.get(f"{URL}/{made.pk}").status_code == 404
    assert bobs.delete(f"{URL}/{made.pk}").status_code == 404


def test_deleted_with_all_it_held(alice: User, alices: APIClient):
    made = paper_of(alice)
    assert alices.delete(f"{URL}/{made.pk}").status_code == 204
    assert not PaperAccount.objects.exists()


def test_a_rotation_of_the_vaults_keys_passes_it_by(alice: User):
    paper_of(alice)
    said = StringIO()
    call_command("rotate_encryption_keys", stdout=said)  # raises where a credential does not open
    assert said.getvalue().startswith("0 credentials")
