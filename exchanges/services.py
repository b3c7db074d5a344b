"""Credentials: created, checked, deleted; and the way from a credential to its exchange."""

import logging
import re
from typing import Any
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import transaction
from django.db.models import ProtectedError
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from bots.core.ports import AccountRefused, ExchangeUnavailable, RateLimited
from bots.core.types import Balance
from exchanges import market_data, permissions, sealed
from exchanges.budget import count_question
from exchanges.connector.client import Keys
from exchanges.connector.facts import FACTS
from exchanges.connector.prices import PriceStream
from exchanges.connector.rest import BinanceConnector
from exchanges.connector.stream import AccountStream
from exchanges.hub import close_hub, hub
from exchanges.market_data import fetch_candles, market_of, symbols_of, ticker_of
from exchanges.models import Credential, Mode, PermissionState
from exchanges.selectors import access_credential
from exchanges.vault import VaultError

__all__ = [
    "CredentialRejected",
    "access_credential",
    "balances_of",
    "close_hub",
    "count_question",
    "create_credential",
    "delete_credential",
    "fetch_candles",
    "hold_credential",
    "mark_refused",
    "market_of",
    "open_account_stream",
    "open_connector",
    "open_price_stream",
    "open_public",
    "recheck_credentials",
    "symbols_of",
    "ticker_of",
    "validate_credential",
]

WRONG_SIGNATURE = "-1022"

log = logging.getLogger(__name__)

_API_KEY = re.compile(r"[\x21-\x7e]{1,256}")  # it travels in a header
_SECRET = re.compile(r"[\x21-\x7e]{1,256}")


class CredentialRejected(Exception):
    """`field` is the input it is about, empty for none; `detail` a sentence for the user."""

    def __init__(self, code: str, field: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.field, self.detail = code, field, detail


def create_credential(
    *, user: User, exchange: str, label: str, api_key: str, api_secret: str, mode: str = Mode.LIVE
) -> Credential:
    """Asks the exchange what the key may do; keeps it only where that is safe. Raises CredentialRejected."""
    label, keys = label.strip(), Keys(api_key.strip(), api_secret.strip())
    _check_input(exchange, mode, label, keys)
    _check_new(user, exchange, keys)
    found = _ask_permissions(user.pk, exchange, keys)
    if found.code:
        raise CredentialRejected(found.code, "api_key", found.detail)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests with one key: the second waits here
        _check_new(user, exchange, keys)
        row = Credential(user=user, exchange=exchange, label=label, mode=mode)
        return _store(row, keys, found)


def validate_credential(*, credential: Credential) -> Credential:
    """Asks again and records the answer. Raises CredentialRejected where the exchange cannot be asked, Http404
    where the key was deleted meanwhile."""
    try:
        found = _ask_permissions(credential.user_id, credential.exchange, sealed.keys_of(credential))
    except (CredentialRejected, VaultError) as error:
        if getattr(error, "code", "") == "exchange_unavailable":
            raise
        mark_refused(credential=credential, code=getattr(error, "code", "sealed"), detail=str(error))
        return credential
    _record(
        credential,
        is_valid=not found.code,
        permission_state=found.state,
        ip_restricted=found.ip_restricted,
        account_uid=credential.account_uid or found.account_uid,
    )
    return credential


def mark_refused(*, credential: Credential, code: str, detail: str) -> None:
    """The exchange refuses the key: no order goes out under it until a check succeeds."""
    _record(credential, is_valid=False, permission_state=PermissionState.ERROR)
    log.warning("Credential %s was refused (%s): %s", credential.id, code, detail)


def _record(credential: Credential, **found: Any) -> None:
    found["checked_at"] = timezone.now()
    if not Credential.objects.filter(pk=credential.pk).update(**found):
        raise Http404("The key was deleted.")
    for name, value in found.items():
        setattr(credential, name, value)


def hold_credential(*, credential: Credential) -> None:
    """Nobody deletes it before the end of the caller's transaction. Raises Http404 where somebody did."""
    if Credential.objects.select_for_update(no_key=True).filter(pk=credential.pk).first() is None:
        raise Http404("The key was deleted.")


def delete_credential(*, credential: Credential) -> None:
    """Raises CredentialRejected with code in_use while a bot needs it."""
    try:
        with transaction.atomic():
            # A bot that is being made with it is waited for.
            Credential.objects.select_for_update().filter(pk=credential.pk).first()
            credential.delete()
    except ProtectedError:
        detail = "Bots use this key. Delete them or give them another one first."
        raise CredentialRejected("in_use", "", detail) from None


def recheck_credentials() -> dict[str, int]:
    """Checks every live key once; returns how many are valid, refused, and could not be asked about."""
    counts = {"valid": 0, "refused": 0, "unavailable": 0}
    for credential in Credential.objects.filter(mode=Mode.LIVE):
        try:
            valid = validate_credential(credential=credential).is_valid
        except CredentialRejected:
            counts["unavailable"] += 1
        except Http404:
            continue
        else:
            counts["valid" if valid else "refused"] += 1
    return counts


def balances_of(credential: Credential) -> dict[str, Balance]:
    """Raises AccountRefused (the credential is marked) and ExchangeUnavailable."""
    keys = _open_keys(credential)
    try:
        return market_data.ask_as(credential.exchange, keys, lambda connector: connector.balances())
    except AccountRefused as error:
        mark_refused(credential=credential, code=error.code, detail=error.detail)
        raise


async def open_connector(credential: Credential) -> BinanceConnector:
    """On the caller's loop, which calls `close_hub` before it ends. The keys live in memory only. Raises
    AccountRefused where they do not open."""
    return (await hub()).connect(credential.exchange, _open_keys(credential))


async def open_account_stream(
    credential: Credential,  # noqa: ARG001 - the connector holds its keys
    connector: BinanceConnector,
) -> AccountStream:
    return AccountStream(connector)


async def open_public(exchange: str) -> BinanceConnector:
    return (await hub()).connect(exchange)


async def open_price_stream(exchange: str) -> PriceStream:
    return PriceStream((await hub()).markets.of(exchange))


def _check_input(exchange: str, mode: str, label: str, keys: Keys) -> None:
    if exchange not in FACTS:
        known = ", ".join(FACTS)
        raise CredentialRejected("unsupported_exchange", "exchange", f"Supported exchanges: {known}.")
    if mode != Mode.LIVE:
        raise CredentialRejected("unsupported_mode", "mode", "Only live keys are supported: use mode live.")
    if not 1 <= len(label) <= 100 or not label.isprintable():
        raise CredentialRejected("invalid", "label", "Give the key a name of 1 to 100 characters.")
    if not _API_KEY.fullmatch(keys.api_key):
        raise CredentialRejected("invalid", "api_key", "This is not an API key: copy it without spaces.")
    if not _is_secret(keys.secret):
        raise CredentialRejected(
            "invalid", "api_secret", "This is not an API secret: copy it without spaces."
        )


def _is_secret(text: str) -> bool:
    """Plain text, or a private key that signs without a passphrase."""
    if not text.startswith("-----"):
        return bool(_SECRET.fullmatch(text))
    try:
        return isinstance(load_pem_private_key(text.encode(), None), RSAPrivateKey | Ed25519PrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _check_new(user: User, exchange: str, keys: Keys) -> None:
    candidates = Credential.objects.filter(
        user=user, exchange=exchange, api_key_hint=sealed.hint_of(keys.api_key)
    )
    if any(_has_key(candidate, keys.api_key) for candidate in candidates):
        raise CredentialRejected("duplicate", "api_key", "You have added this key already.")


def _has_key(credential: Credential, api_key: str) -> bool:
    try:
        return sealed.api_key(credential) == api_key
    except VaultError:
        return False


def _ask_permissions(user_id: UUID, exchange: str, keys: Keys) -> permissions.Permissions:
    try:
        count_question(user_id=user_id)
        return market_data.ask_as(exchange, keys, permissions.check)
    except AccountRefused as error:
        raise CredentialRejected("invalid_key", "api_key", _why_refused(error)) from None
    except RateLimited as error:
        raise CredentialRejected("exchange_unavailable", "", error.detail) from None
    except ExchangeUnavailable:
        name = FACTS[exchange].name
        detail = f"{name} does not answer, so the key cannot be checked. Try again in a moment."
        raise CredentialRejected("exchange_unavailable", "", detail) from None


def _why_refused(error: AccountRefused) -> str:
    if error.code == WRONG_SIGNATURE:
        return "The API secret does not belong to this key: copy both again."
    return error.detail


def _store(credential: Credential, keys: Keys, found: permissions.Permissions) -> Credential:
    row = credential.pk
    credential.api_key_encrypted = sealed.seal("api_key_encrypted", row, keys.api_key)
    credential.api_secret_encrypted = sealed.seal("api_secret_encrypted", row, keys.secret)
    credential.api_key_hint = sealed.hint_of(keys.api_key)
    credential.account_uid = found.account_uid
    credential.is_valid = True
    credential.permission_state = found.state
    credential.ip_restricted = found.ip_restricted
    credential.checked_at = timezone.now()
    credential.save(force_insert=True)
    return credential


def _open_keys(credential: Credential) -> Keys:
    try:
        return sealed.keys_of(credential)
    except VaultError as error:
        detail = str(error)
    raise AccountRefused(detail, "sealed")
