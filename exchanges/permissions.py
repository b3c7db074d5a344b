"""What an API key may do, and whether that is safe and enough."""

from dataclasses import dataclass

from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.public import KeyFacts
from exchanges.connector.rest import RestConnector
from exchanges.models import PermissionState

UNSAFE = "This key may withdraw or transfer funds. Create one with reading and spot trading only."
USELESS = "This key may not trade. Enable reading and spot trading for it at the exchange."
UNTOLD = "{} does not tell what a key may do at the exchange."
ATTESTED = "{} does not tell what a key may do: you have confirmed that it cannot withdraw or transfer."


@dataclass(frozen=True, slots=True)
class Permissions:
    """`code` is empty where the key may be used: otherwise withdraw_enabled, trade_disabled or
    attestation_required. `detail` is for the user."""

    state: PermissionState
    account_uid: str
    ip_restricted: bool | None
    code: str = ""
    detail: str = ""
    attested: bool = False  # it stands on the word of the key's owner


async def check(connector: RestConnector, attested: bool) -> Permissions:
    """Asks the exchange. Raises AccountRefused and ExchangeUnavailable."""
    return judge(await connector.key_facts(), connector.venue.facts, attested)


def judge(key: KeyFacts, facts: ExchangeFacts, attested: bool) -> Permissions:
    """A key must trade, and must not move money out of the account. Where a live exchange does not tell, its owner
    has to; the money of a testnet is nobody's."""
    uid, restricted = key.account_uid, key.ip_restricted
    untold = key.moves_money is None
    state = PermissionState.UNVERIFIABLE if untold else PermissionState.VERIFIED_SAFE
    if key.moves_money:
        return Permissions(PermissionState.VERIFIED_UNSAFE, uid, restricted, "withdraw_enabled", UNSAFE)
    if not key.may_trade:
        return Permissions(state, uid, restricted, "trade_disabled", USELESS)
    if untold and not facts.testnet_of and not attested:
        detail = UNTOLD.format(facts.name) + " Confirm that this one cannot withdraw or transfer funds."
        return Permissions(state, uid, restricted, "attestation_required", detail)
    by_word = untold and not facts.testnet_of
    detail = (ATTESTED if by_word else UNTOLD).format(facts.name) if untold else ""
    return Permissions(state, uid, restricted, detail=detail, attested=by_word)
