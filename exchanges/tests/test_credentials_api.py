"""Keys over the API, at the simulated exchange. Alice owns, Bob looks on."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import ProtectedError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import TokenFamily, User
from accounts.tests.conftest import long_ago, only_error
from exchanges import background, market_data, sealed, services
from exchanges.models import Credential, PermissionState
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread

URL = "/api/v1/credentials"
KEY = "demo-alice-3f9c2b7d1e5a"
SECRET = "s3cret-of-alice-never-to-be-shown"


@pytest.fixture(scope="module")
def sim() -> Iterator[ThreadedSimulator]:
    with simulator_in_thread() as running:
        yield running
        background.close()


@pytest.fixture(autouse=True)
def _at_the_simulator(sim: ThreadedSimulator, settings: Any, db: None) -> Iterator[None]:
    settings.EXCHANGE_SIMULATOR = sim.transport
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.org", "x" * 12)


@pytest.fixture
def as_alice(alice: User) -> APIClient:
    client = APIClient()
    client.force_login(alice)
    return client


@pytest.fixture
def as_bob(db: None) -> APIClient:
    client = APIClient()
    client.force_login(User.objects.create_user("bob@example.org", "x" * 12))
    return client


def body(**changes: Any) -> dict[str, Any]:
    return {"exchange": "binance", "label": "Main", "api_key": KEY, "api_secret": SECRET} | changes


def test_a_key_is_added_checked_and_described_without_its_secrets(as_alice):
    response = as_alice.post(URL, body())
    assert response.status_code == 201, response.content
    created = response.json()
    assert set(created) == {
        "id", "exchange", "label", "mode", "api_key_hint", "is_valid", "permission_state", "permission_detail",
        "ip_restricted", "checked_at", "created_at",
    }  # fmt: skip
    assert (created["mode"], created["is_valid"], created["permission_state"]) == (
        "live",
        True,
        "verified_safe",
    )
    assert (created["ip_restricted"], created["api_key_hint"]) == (True, "demo…1e5a")
    stored = Credential.objects.get()
    assert stored.account_uid
    keys = sealed.keys_of(stored)
    assert (keys.api_key, keys.secret, keys.account) == (KEY, SECRET, stored.account_uid)
    assert SECRET.encode() not in bytes(stored.api_secret_encrypted)


def test_secrets_are_in_no_answer_and_no_log(as_alice, caplog):
    caplog.set_level(logging.DEBUG)
    created = as_alice.post(URL, body())
    one = f"{URL}/{created.json()['id']}"
    said = [
        created,
        as_alice.get(URL),
        as_alice.get(one),
        as_alice.post(f"{one}/validate"),
        as_alice.post(URL, body()),
    ]
    for text in [*(response.content.decode() for response in said), caplog.text]:
        assert SECRET not in text
        assert KEY not in text
        assert "signature=" not in text


def test_an_address_list_that_is_missing_is_noted(as_alice):
    assert as_alice.post(URL, body(api_key="demo-noip")).json()["ip_restricted"] is False


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"api_key": "demo-withdraw-key"}, "withdraw_enabled", "api_key"),
        ({"api_key": "demo-readonly-key"}, "trade_disabled", "api_key"),
        ({"api_key": "unknown-key"}, "invalid_key", "api_key"),
        ({"exchange": "kraken"}, "unsupported_exchange", "exchange"),
        ({"mode": "other"}, "invalid_choice", "mode"),
        ({"label": ""}, "blank", "label"),
        ({"label": "x" * 101}, "max_length", "label"),
        ({"label": "a\nb"}, "invalid", "label"),
        ({"api_key": ""}, "blank", "api_key"),
        ({"api_key": "with space"}, "invalid", "api_key"),
        ({"api_key": "with\r\nHeader: x"}, "invalid", "api_key"),
        ({"api_key": "schlüssel"}, "invalid", "api_key"),
        ({"api_key": "x" * 257}, "max_length", "api_key"),
        ({"api_key": ["demo"]}, "invalid", "api_key"),
        ({"api_secret": ""}, "blank", "api_secret"),
        ({"api_secret": "two words"}, "invalid", "api_secret"),
        ({"api_secret": "x" * 5000}, "max_length", "api_secret"),
        ({"api_secret": {"a": 1}}, "invalid", "api_secret"),
        (
            {"api_secret": "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----"},
            "invalid",
            "api_secret",
        ),
        ({"is_valid": True}, "unknown_field", "is_valid"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_created(changes, code, field, as_alice):
    response = as_alice.post(URL, body(**changes))
    assert response.status_code == 400, response.content
    assert only_error(response) == (code, field)
    assert not Credential.objects.exists()


def test_a_missing_field_is_named(as_alice):
    response = as_alice.post(URL, {"exchange": "binance"})
    assert {error["attr"] for error in response.json()["errors"]} == {"label", "api_key", "api_secret"}


def test_a_wrong_secret_is_refused(sim, as_alice):
    sim.call(lambda exchange: exchange.create_account("key-of-alice", "the-right-secret"))
    response = as_alice.post(URL, body(api_key="key-of-alice", api_secret="the-wrong-secret"))
    assert (response.status_code, only_error(response)) == (400, ("invalid_key", "api_key"))
    assert not Credential.objects.exists()
    assert as_alice.post(URL, body(api_key="key-of-alice", api_secret="the-right-secret")).status_code == 201


def test_the_same_key_twice_is_a_duplicate_for_one_user_only(as_alice, as_bob):
    assert as_alice.post(URL, body()).status_code == 201
    assert only_error(as_alice.post(URL, body(label="Again"))) == ("duplicate", "api_key")
    assert as_bob.post(URL, body()).status_code == 201
    assert Credential.objects.count() == 2


def test_an_exchange_that_is_down_is_a_503_and_creates_nothing(sim, as_alice, settings):
    settings.EXCHANGE_SIMULATOR = sim.transport | {"port": 9}  # nobody listens there
    response = as_alice.post(URL, body())
    assert (response.status_code, only_error(response)) == (503, ("exchange_unavailable", None))
    assert "Binance does not answer" in response.content.decode()
    assert not Credential.objects.exists()


def test_another_users_key_is_not_there(as_alice, as_bob):
    one = f"{URL}/{as_alice.post(URL, body()).json()['id']}"
    for response in (as_bob.get(one), as_bob.delete(one), as_bob.post(f"{one}/validate")):
        assert response.status_code == 404
    assert as_bob.get(URL).json() == {"credentials": [], "next": None}
    assert as_alice.get(one).status_code == 200


def test_an_id_that_is_none_is_not_found(as_alice):
    for wrong in ("1", "00000000-0000-0000-0000-000000000000", "x" * 300):
        assert as_alice.get(f"{URL}/{wrong}").status_code == 404


def test_without_a_token_nothing_is_told():
    for response in (APIClient().get(URL), APIClient().post(URL, body())):
        assert response.status_code == 401


def test_keys_are_listed_newest_first_by_pages(as_alice):
    ids = [as_alice.post(URL, body(api_key=f"demo-{n}")).json()["id"] for n in range(3)]
    page = as_alice.get(URL, {"limit": 2}).json()
    assert [each["id"] for each in page["credentials"]] == [ids[2], ids[1]]
    rest = as_alice.get(page["next"]).json()
    assert ([each["id"] for each in rest["credentials"]], rest["next"]) == ([ids[0]], None)


def test_a_key_is_deleted(as_alice):
    one = f"{URL}/{as_alice.post(URL, body()).json()['id']}"
    assert as_alice.delete(one).status_code == 204
    assert as_alice.get(one).status_code == 404


def test_a_browser_that_signed_in_a_while_ago_gives_the_password_before_its_keys_change(
    alice, as_alice, bearing
):
    key = as_alice.post(URL, body()).json()["id"]
    long_ago(as_alice)
    for refused in (as_alice.post(URL, body(api_key=f"{KEY}-2")), as_alice.delete(f"{URL}/{key}")):
        assert (refused.status_code, only_error(refused)) == (403, ("confirmation_required", None))
        assert "POST /api/v1/auth/confirm" in refused.json()["errors"][0]["detail"]
    assert Credential.objects.count() == 1
    paper = {"exchange": "binance", "label": "Paper", "mode": "paper"}
    assert as_alice.post(URL, paper).status_code == 201, "no key, no money"
    program = bearing(tokens.issue(user=alice).access)
    TokenFamily.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    assert program.delete(f"{URL}/{key}").status_code == 204, "a program cannot be asked"
    assert program.post(URL, body()).status_code == 201
    assert as_alice.post("/api/v1/auth/confirm", {"password": "x" * 12}).status_code == 200
    assert as_alice.post(URL, body(api_key=f"{KEY}-2")).status_code == 201


def test_a_key_that_bots_use_is_not_deleted(as_alice, alice, monkeypatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise ProtectedError("in use", set())

    one = f"{URL}/{as_alice.post(URL, body()).json()['id']}"
    monkeypatch.setattr(Credential, "delete", refuse)
    response = as_alice.delete(one)
    assert (response.status_code, only_error(response)) == (409, ("in_use", None))


def set_permission(sim: ThreadedSimulator, api_key: str, **changes: Any) -> None:
    def change(exchange: Any) -> None:
        exchange.accounts.keys[api_key] = replace(exchange.accounts.keys[api_key], **changes)

    sim.call(change)


def deleting_meanwhile(monkeypatch: Any) -> None:
    """From here on each key is deleted while the exchange is asked about it."""
    ask = market_data.ask_as

    def ask_and_delete(*args: Any) -> Any:
        found = ask(*args)
        Credential.objects.all().delete()
        return found

    monkeypatch.setattr(market_data, "ask_as", ask_and_delete)


def test_a_key_deleted_during_its_check_is_not_there(as_alice, monkeypatch):
    one = f"{URL}/{as_alice.post(URL, body()).json()['id']}"
    deleting_meanwhile(monkeypatch)
    assert as_alice.post(f"{one}/validate").status_code == 404
    assert not Credential.objects.exists()


def test_keys_deleted_meanwhile_do_not_end_the_daily_check(as_alice, monkeypatch):
    for name in ("demo-one", "demo-two"):
        as_alice.post(URL, body(api_key=name))
    deleting_meanwhile(monkeypatch)
    assert services.recheck_credentials() == {"valid": 0, "refused": 0, "unavailable": 0}


@pytest.mark.usefixtures("within_a_minute")
def test_one_user_does_not_use_up_what_the_exchange_answers(as_alice, as_bob, settings):
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"exchange": 2}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    one = f"{URL}/{as_alice.post(URL, body()).json()['id']}"
    assert as_alice.post(f"{one}/validate").status_code == 200
    for refused in (as_alice.post(f"{one}/validate"), as_alice.post(URL, body(api_key="demo-other"))):
        assert (refused.status_code, only_error(refused)) == (503, ("exchange_unavailable", None))
        assert "too often" in refused.content.decode()
    assert as_bob.post(URL, body()).status_code == 201
    assert Credential.objects.filter(is_valid=True).count() == 2


def test_a_key_that_turned_unsafe_is_found_by_the_next_check(sim, as_alice):
    one = f"{URL}/{as_alice.post(URL, body(api_key='demo-turning')).json()['id']}"
    set_permission(sim, "demo-turning", can_withdraw=True)
    checked = as_alice.post(f"{one}/validate").json()
    assert (checked["is_valid"], checked["permission_state"]) == (False, "verified_unsafe")
    set_permission(sim, "demo-turning", can_withdraw=False)
    checked = as_alice.post(f"{one}/validate").json()
    assert (checked["is_valid"], checked["permission_state"]) == (True, "verified_safe")


def test_a_revoked_key_is_an_error_and_no_longer_valid(sim, as_alice):
    one = f"{URL}/{as_alice.post(URL, body(api_key='demo-revoked')).json()['id']}"
    set_permission(sim, "demo-revoked", secret="another")
    checked = as_alice.post(f"{one}/validate").json()
    assert (checked["is_valid"], checked["permission_state"]) == (False, "error")


def test_a_check_while_the_exchange_is_down_changes_nothing(sim, as_alice, settings):
    one = f"{URL}/{as_alice.post(URL, body()).json()['id']}"
    settings.EXCHANGE_SIMULATOR = sim.transport | {"port": 9}  # nobody listens there
    response = as_alice.post(f"{one}/validate")
    assert (response.status_code, only_error(response)) == (503, ("exchange_unavailable", None))
    assert Credential.objects.get().is_valid


def test_all_keys_are_checked_again(sim, as_alice):
    for name in ("demo-good", "demo-bad"):
        as_alice.post(URL, body(api_key=name))
    set_permission(sim, "demo-bad", can_trade=False)
    assert services.recheck_credentials() == {"valid": 1, "refused": 1, "unavailable": 0}
    assert Credential.objects.filter(is_valid=True).count() == 1


def test_a_refusal_met_while_trading_is_recorded(as_alice):
    as_alice.post(URL, body())
    credential = Credential.objects.get()
    services.mark_refused(credential=credential, code="-2015", detail="Binance refused the API key.")
    credential.refresh_from_db()
    assert (credential.is_valid, credential.permission_state) == (False, PermissionState.ERROR)
