"""Keys are checked again daily and at once when they are refused; what changes is told once."""

from typing import Any

import pytest

from accounts.models import User
from bots.core.ports import AccountRefused
from exchanges import services
from exchanges.connector.binance.rest import BinanceConnector
from exchanges.connector.mexc.rest import MexcConnector
from exchanges.connector.public import KeyFacts
from exchanges.models import Credential, PermissionState
from exchanges.signals import key_refused, key_turned_unsafe
from exchanges.tasks import recheck_credential, recheck_credentials

pytestmark = pytest.mark.django_db

SAFE = KeyFacts("uid-1", may_trade=True, moves_money=False, ip_restricted=True)
UNSAFE = KeyFacts("uid-1", may_trade=True, moves_money=True, ip_restricted=True)
UNTOLD = KeyFacts("uid-1", may_trade=True, moves_money=None, ip_restricted=None)


class Exchange:
    """What it says of every key from now on."""

    def __init__(self, answer: KeyFacts | Exception) -> None:
        self.answer = answer

    async def __call__(self) -> KeyFacts:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def exchange(monkeypatch: Any) -> Exchange:
    found = Exchange(SAFE)
    for connector in (BinanceConnector, MexcConnector):
        monkeypatch.setattr(connector, "key_facts", found)
    return found


@pytest.fixture
def told() -> Any:
    heard: list[tuple[str, str]] = []

    def refused(code: str, **_: Any) -> None:
        heard.append(("refused", code))

    def unsafe(code: str, **_: Any) -> None:
        heard.append(("unsafe", code))

    key_refused.connect(refused)
    key_turned_unsafe.connect(unsafe)
    yield heard
    key_refused.disconnect(refused)
    key_turned_unsafe.disconnect(unsafe)


@pytest.fixture
def sent(monkeypatch: Any) -> list[str]:
    """Which checks were asked for; notices of the change go out as well."""
    names: list[str] = []

    def send(name: str, **_: Any) -> None:
        if name == services.CHECK_TASK:
            names.append(name)

    monkeypatch.setattr(services.current_app, "send_task", send)
    return names


@pytest.fixture
def key(alice: User, exchange: Exchange) -> Credential:
    return services.create_credential(
        user=alice, exchange="binance", label="Main", api_key="key-of-alice", api_secret="secret"
    )


def test_a_key_that_turned_unsafe_is_no_longer_valid_and_said_once(key, exchange, told):
    exchange.answer = UNSAFE
    assert recheck_credentials() == {"valid": 0, "refused": 1, "unavailable": 0}
    recheck_credentials()
    key.refresh_from_db()
    assert (key.is_valid, key.permission_state) == (False, PermissionState.VERIFIED_UNSAFE)
    assert "may withdraw" in key.permission_detail
    assert told == [("unsafe", "withdraw_enabled")]


def test_a_key_that_is_in_order_again_is_valid_again(key, exchange, told):
    exchange.answer = UNSAFE
    recheck_credentials()
    exchange.answer = SAFE
    recheck_credentials()
    key.refresh_from_db()
    assert (key.is_valid, key.permission_detail) == (True, "")
    exchange.answer = UNSAFE
    recheck_credentials()
    assert len(told) == 2


def test_a_refused_key_is_checked_again_at_once(
    key, exchange, told, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        services.mark_refused(credential=key, code="-2015", detail="Binance refused the API key.")
    assert sent == [services.CHECK_TASK]
    recheck_credential(str(key.pk))
    key.refresh_from_db()
    assert key.is_valid
    assert told == [("refused", "-2015")]


def test_a_check_that_is_refused_too_asks_for_no_further_one(
    key, exchange, told, sent, django_capture_on_commit_callbacks
):
    exchange.answer = AccountRefused("Binance refused the API key: revoked", "-2015")
    with django_capture_on_commit_callbacks(execute=True):
        recheck_credential(str(key.pk))
    key.refresh_from_db()
    assert (key.permission_state, sent) == (PermissionState.ERROR, [])
    assert "revoked" in key.permission_detail


def test_keys_that_were_deleted_are_left_alone(key):
    key_id = str(key.pk)
    services.delete_credential(credential=key)
    recheck_credential(key_id)


def test_where_the_exchange_does_not_tell_its_owner_has_to(alice, exchange):
    exchange.answer = UNTOLD
    mine = {"user": alice, "exchange": "mexc", "label": "Main", "api_key": "key", "api_secret": "secret"}
    with pytest.raises(services.CredentialRejected) as raised:
        services.create_credential(**mine)
    assert (raised.value.code, raised.value.field) == ("attestation_required", "attest_no_withdrawal")
    key = services.create_credential(**mine, attest_no_withdrawal=True)
    assert key.attested_at is not None
    assert key.permission_state == PermissionState.UNVERIFIABLE
    assert recheck_credentials()["valid"] == 1, "the word holds"


def test_a_word_is_not_taken_where_the_exchange_knows_better(alice, exchange):
    exchange.answer = UNSAFE
    with pytest.raises(services.CredentialRejected) as raised:
        services.create_credential(
            user=alice,
            exchange="binance",
            label="Main",
            api_key="key",
            api_secret="secret",
            attest_no_withdrawal=True,
        )
    assert raised.value.code == "withdraw_enabled"


def test_a_testnet_key_needs_nobodys_word(alice, exchange):
    exchange.answer = UNTOLD
    key = services.create_credential(
        user=alice, exchange="binance", label="Play", api_key="key", api_secret="secret", mode="testnet"
    )
    assert (key.venue, key.exchange, key.attested_at) == ("binance-testnet", "binance", None)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"exchange": "mexc", "mode": "testnet"}, "unsupported_mode", "mode"),
        ({"exchange": "bybit-testnet"}, "unsupported_exchange", "exchange"),
        ({"api_passphrase": "words"}, "invalid", "api_passphrase"),
    ],
)
def test_what_an_exchange_has_not_is_refused_with_a_sentence(alice, exchange, changes, code, field):
    mine = {"exchange": "binance", "label": "Main", "api_key": "key", "api_secret": "secret"} | changes
    with pytest.raises(services.CredentialRejected) as raised:
        services.create_credential(user=alice, **mine)
    assert (raised.value.code, raised.value.field) == (code, field)
    assert raised.value.detail.endswith(".")
