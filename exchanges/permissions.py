"""What an API key may do, and whether that is safe and enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exchanges.connector.rest import BinanceConnector
from exchanges.models import PermissionState


@dataclass(frozen=True, slots=True)
class Permissions:
    """`code` is empty where the key may be used: otherwise withdraw_enabled or trade_disabled."""

    state: PermissionState
    account_uid: str
    ip_restricted: bool
    code: str = ""
    detail: str = ""


async def check(connector: BinanceConnector) -> Permissions:
    """Asks the exchange. Raises AccountRefused and ExchangeUnavailable."""
    key = await connector.key_permissions()
    account = await connector.account()
    return judge_binance(key, account)


def judge_binance(key: Mapping[str, Any], account: Mapping[str, Any]) -> Permissions:
    """A key must trade spot, and must not move money out of the account: by withdrawal, or by transfers between
    master and sub-accounts. `permitsUniversalTransfer` moves it between the account's own wallets only."""
    restricted = bool(key.get("ipRestrict"))
    uid = str(account["uid"])
    # What the exchange does not say is taken for allowed: safe is only what it says is not.
    if key.get("enableWithdrawals", True) or key.get("enableInternalTransfer", True):
        return Permissions(
            PermissionState.VERIFIED_UNSAFE,
            uid,
            restricted,
            "withdraw_enabled",
            "This key may withdraw or transfer funds. Create one with reading and spot trading only.",
        )
    reads, trades = key.get("enableReading", False), key.get("enableSpotAndMarginTrading", False)
    if not (reads and trades and account["canTrade"]):
        return Permissions(
            PermissionState.VERIFIED_SAFE,
            uid,
            restricted,
            "trade_disabled",
            "This key may not trade. Enable reading and spot trading for it at the exchange.",
        )
    return Permissions(PermissionState.VERIFIED_SAFE, uid, restricted)
