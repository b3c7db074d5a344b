"""Codes that no table names are sorted by ccxt's class; and what exchanges write is cleaned before it is shown."""

import json

import ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.core import ports
from exchanges.connector import errors
from exchanges.connector.binance.rest import BinanceConnector
from exchanges.connector.bybit.rest import BybitConnector
from exchanges.connector.client import Call
from exchanges.connector.factory import FAMILIES
from exchanges.connector.facts import BINANCE, FACTS
from exchanges.connector.mexc.rest import MexcConnector
from exchanges.connector.unified.rest import UnifiedConnector
from exchanges.connector.wires import PUBLIC
from exchanges.tasks import recheck_credentials

NEVER_A_REFUSAL = {"-1000", "-1001", "-1004", "-1006", "-1007", "-1008", "-1010", "-1016"}


def call(status: int | None, code: int | str | None = None, text: str = "text") -> Call:
    body = "" if code is None else json.dumps({"code": code, "msg": text})
    return Call(status=status, body=body)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ccxt.InsufficientFunds(), ports.OrderRefused),
        (ccxt.InvalidOrder(), ports.OrderRefused),
        (ccxt.PermissionDenied(), ports.AccountRefused),
        (ccxt.AccountSuspended(), ports.AccountRefused),
        (ccxt.OrderNotFound(), ports.OutcomeUnknown),
        (ccxt.ExchangeError(), ports.OutcomeUnknown),
        (ccxt.OperationFailed(), ports.OutcomeUnknown),
        (ccxt.NetworkError(), ports.OutcomeUnknown),
        (ccxt.RequestTimeout(), ports.OutcomeUnknown),
        (ccxt.BadResponse(), ports.OutcomeUnknown),
        (ccxt.OnMaintenance(), ports.OutcomeUnknown),
        (RuntimeError(), ports.OutcomeUnknown),
    ],
)
def test_an_unlisted_code_is_sorted_by_its_class(error, kind):
    assert isinstance(errors.sort_create(BINANCE, call(400, -5555), error), kind)
    assert isinstance(errors.sort_create(BINANCE, call(500, -5555), error), ports.OutcomeUnknown)
    assert isinstance(errors.sort_create(BINANCE, call(None), error), ports.OutcomeUnknown)


@given(
    st.one_of(st.none(), st.integers(100, 599)),
    st.one_of(st.none(), st.integers(-5000, 0), st.text()),
    st.text(),
    st.sampled_from([ccxt.InvalidOrder(), ccxt.ExchangeError(), ccxt.AuthenticationError(), ValueError()]),
)
def test_only_an_answer_of_the_exchange_itself_can_be_a_refusal(status, code, text, error):
    sorted_as = errors.sort_create(BINANCE, call(status, code, text), error)
    if status in (418, 429):
        assert isinstance(sorted_as, ports.RateLimited)
    elif status is None or not 400 <= status < 500 or code in (None, ""):
        assert isinstance(sorted_as, ports.OutcomeUnknown)
    if str(code) in NEVER_A_REFUSAL and status not in (418, 429) and not isinstance(error, ccxt.InvalidOrder):
        assert not isinstance(sorted_as, ports.OrderRefused)


def test_codes_of_an_unknown_outcome_are_in_no_list_of_refusals():
    for facts in FACTS.values():
        assert not facts.refused_codes & (NEVER_A_REFUSAL | facts.transient_codes)


@pytest.mark.parametrize(
    ("status", "code", "error", "kind"),
    [
        (403, -4004, ccxt.AuthenticationError(), ports.AccountRefused),
        (400, -1100, ccxt.BadRequest(), ports.ExchangeUnavailable),
        (400, -1121, ccxt.BadSymbol(), ports.UnknownSymbol),
        (407, None, ccxt.AuthenticationError(), errors.Transient),
        (403, None, ccxt.ExchangeNotAvailable(), errors.Transient),
    ],
)
def test_reads_are_sorted_too(status, code, error, kind):
    assert isinstance(errors.sort_read(BINANCE, call(status, code), error), kind)


@pytest.mark.parametrize(
    "private",
    [
        "https://api.binance.com/api/v3/order?symbol=BTCUSDT&signature=abc",
        "f00dfeedf00dfeedf00dfeedf00dfeedf00dfeedf00dfeedf00dfeedf00dfeed",
        "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    ],
)
def test_what_an_exchange_writes_is_shown_without_addresses_keys_and_signatures(private):
    text = errors.clean(f"Refused {private} for good.")
    assert private not in text
    assert text.startswith("Refused …")
    shown = errors.sort_create(BINANCE, call(400, -2010, f"Refused {private}"), ccxt.ExchangeError())
    assert private not in shown.detail


def test_filters_are_named_to_the_user():
    shown = errors.sort_create(BINANCE, call(400, -1013, "Filter failure: NOTIONAL"), ccxt.InvalidOrder())
    assert shown.detail == "Binance refused the order: Filter failure: NOTIONAL"


def test_an_account_that_may_not_trade_any_more_is_stopped():
    text = "This action is disabled on this account."
    assert isinstance(
        errors.sort_create(BINANCE, call(400, -2010, text), ccxt.ExchangeError()), ports.AccountRefused
    )


def test_every_exchange_with_facts_has_a_family_of_connectors():
    assert {facts.wire for facts in FACTS.values()} == set(FAMILIES) == set(PUBLIC)


def test_every_exchange_is_known_by_its_own_name_and_a_testnet_by_that_of_its_exchange():
    for name, facts in FACTS.items():
        assert facts.id == name
        if facts.testnet_of:
            assert name == f"{facts.testnet_of}-testnet"


def test_the_connectors_keep_to_the_protocol():
    kept: list[type[ports.ExchangeConnector]] = [
        BinanceConnector,
        BybitConnector,
        MexcConnector,
        UnifiedConnector,
    ]
    assert {family.connector for family in FAMILIES.values()} == set(kept)


@pytest.mark.django_db
def test_the_daily_check_runs_as_a_task():
    assert recheck_credentials() == {"valid": 0, "refused": 0, "unavailable": 0}
