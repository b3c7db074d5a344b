"""What the exchange says of a key, and what we make of it."""

from typing import Any

import pytest

from exchanges.connector.binance.mapping import key_facts
from exchanges.connector.facts import BINANCE
from exchanges.models import PermissionState
from exchanges.permissions import Permissions, judge

SAFE = {
    "ipRestrict": True,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "enableSpotAndMarginTrading": True,
}
ACCOUNT = {"uid": "35", "canTrade": True}


def judge_binance(key: dict[str, bool], account: dict[str, Any]) -> Permissions:
    return judge(key_facts(key, account), BINANCE, attested=False)


def test_a_key_that_trades_and_cannot_withdraw_is_safe():
    found = judge_binance(SAFE, ACCOUNT)
    assert (found.state, found.code, found.account_uid) == (PermissionState.VERIFIED_SAFE, "", "35")
    assert found.ip_restricted is True


@pytest.mark.parametrize("permission", ["enableWithdrawals", "enableInternalTransfer"])
def test_a_key_that_can_move_money_out_is_unsafe(permission):
    found = judge_binance(SAFE | {permission: True}, ACCOUNT)
    assert (found.state, found.code) == (PermissionState.VERIFIED_UNSAFE, "withdraw_enabled")


@pytest.mark.parametrize("permission", ["enableWithdrawals", "enableInternalTransfer"])
def test_what_the_exchange_does_not_say_is_not_taken_for_safe(permission):
    silent = {name: value for name, value in SAFE.items() if name != permission}
    assert judge_binance(silent, ACCOUNT).code == "withdraw_enabled"


def test_a_transfer_between_the_accounts_own_wallets_is_no_danger():
    assert judge_binance(SAFE | {"permitsUniversalTransfer": True}, ACCOUNT).code == ""


@pytest.mark.parametrize("permission", ["enableReading", "enableSpotAndMarginTrading"])
def test_a_key_that_may_not_trade_is_of_no_use(permission):
    assert judge_binance(SAFE | {permission: False}, ACCOUNT).code == "trade_disabled"


def test_an_account_that_may_not_trade_is_of_no_use():
    assert judge_binance(SAFE, ACCOUNT | {"canTrade": False}).code == "trade_disabled"


def test_a_key_without_an_address_list_is_noted():
    assert judge_binance(SAFE | {"ipRestrict": False}, ACCOUNT).ip_restricted is False
