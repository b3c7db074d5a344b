"""Credentials: created, checked, deleted. And all that other apps may use of this one."""

import contextlib
import logging
from decimal import Decimal
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from billing import entitlements
from billing.entitlements import PlanLimit
from bots.core.ports import AccountRefused, ExchangeUnavailable, RateLimited
from bots.core.types import Balance
from exchanges import market_data, permissions, sealed
from exchanges.budget import count_question
from exchanges.connections import (
    open_account_stream,
    open_connector,
    open_keys,
    open_price_stream,
    open_public,
)
from exchanges.connector.client import Keys
from exchanges.connector.facts import FACTS
from exchanges.entry import CredentialRejected, Entry, offers
from exchanges.hub import close_hub
from exchanges.market_data import fetch_candles, market_of, symbols_of, ticker_of
from exchanges.models import Credential, Mode, PermissionState
from exchanges.paper import trading
from exchanges.paper.credentials import create_paper
from exchanges.selectors import access_credential
from exchanges.signals import key_refused, key_turned_unsafe
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
    "name_of",
    "offers",
    "open_account_stream",
    "open_connector",
    "open_price_stream",
    "open_public",
    "recheck_credential",
    "recheck_credentials",
    "symbols_of",
    "ticker_of",
    "validate_credential",
]

CHECK_TASK = "exchanges.recheck_credential"

log = logging.getLogger(__name__)


def create_credential(
    *,
    user: User,
    exchange: str,
    label: str,
    api_key: str = "",
    api_secret: str = "",
    mode: str = Mode.LIVE,
    api_passphrase: str = "",
    attest_no_withdrawal: bool = False,
    paper_balance: Decimal | None = None,
) -> Credential:
    """Asks the exchange what the key may do; keeps it only where that is safe. `attest_no_withdrawal` is the word of
    its owner, asked for where the exchange does not tell. A paper account takes no key and begins with
    `paper_balance`. Raises CredentialRejected."""
    if mode == Mode.PAPER:
        return create_paper(user=user, exchange=exchange, label=label.strip(), amount=paper_balance)
    keys = Keys(api_key.strip(), api_secret.strip(), passphrase=api_passphrase.strip())
    entry = Entry(exchange, label.strip(), mode, keys)
    entry.check()
    _check_new(user, entry)
    found = _ask_permissions(user.pk, entry.facts.id, keys, attest_no_withdrawal)
    if found.code:
        field = "attest_no_withdrawal" if found.code == "attestation_required" else "api_key"
        raise CredentialRejected(found.code, field, found.detail)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests at once: the second waits here
        _check_new(user, entry)
        return _store(Credential(user=user, exchange=exchange, label=entry.label, mode=mode), keys, found)


def validate_credential(*, credential: Credential) -> Credential:
    """Asks again and records the answer. Raises CredentialRejected where the exchange cannot be asked, Http404
    where the key was deleted meanwhile."""
    if credential.mode == Mode.PAPER:
        with transaction.atomic():
            _record(credential, is_valid=True, permission_state=PermissionState.VERIFIED_SAFE)
        return credential
    attested = credential.attested_at is not None
    try:
        keys = sealed.keys_of(credential)
        found = _ask_permissions(credential.user_id, credential.venue, keys, attested)
    except (CredentialRejected, VaultError) as error:
        if getattr(error, "code", "") == "exchange_unavailable":
            raise
        _refuse(credential, getattr(error, "code", "sealed"), str(error))
        return credential
    with transaction.atomic():
        was_valid = _record(
            credential,
            is_valid=not found.code,
            permission_state=found.state,
            permission_detail=found.detail,
            ip_restricted=found.ip_restricted,
            account_uid=credential.account_uid or found.account_uid,
        )
        if found.code and was_valid:
            key_turned_unsafe.send(Credential, credential=credential, code=found.code, detail=found.detail)
    return credential


def mark_refused(*, credential: Credential, code: str, detail: str) -> None:
    """The exchange refuses the key: no order goes out under it until a check succeeds. One is made at once: it may
    tell more, or that the refusal is over."""
    _refuse(credential, code, detail)
    transaction.on_commit(lambda: _check_soon(credential.pk), robust=True)


def _check_soon(credential_id: UUID) -> None:
    """Raises kombu's OperationalError where the queue cannot be reached: the daily check makes up for that."""
    current_app.send_task(CHECK_TASK, args=[str(credential_id)], retry=False)


def _refuse(credential: Credential, code: str, detail: str) -> None:
    with transaction.atomic():
        found = {"permission_state": PermissionState.ERROR, "permission_detail": detail[:300]}
        if _record(credential, is_valid=False, **found):
            key_refused.send(Credential, credential=credential, code=code, detail=detail)
    log.warning("Credential %s was refused (%s): %s", credential.id, code, detail)


def _record(credential: Credential, **found: Any) -> bool:
    """Whether the key was valid until now. Inside a transaction."""
    before = Credential.objects.select_for_update(no_key=True).filter(pk=credential.pk)
    was_valid = before.values_list("is_valid", flat=True).first()
    if was_valid is None:
        raise Http404("The key was deleted.")
    found["checked_at"] = timezone.now()
    Credential.objects.filter(pk=credential.pk).update(**found)
    for name, value in found.items():
        setattr(credential, name, value)
    return was_valid


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


def recheck_credential(*, credential_id: UUID) -> None:
    """A key that is gone, or an exchange that does not answer, is left to the daily check."""
    with contextlib.suppress(Credential.DoesNotExist, CredentialRejected, Http404):
        validate_credential(credential=Credential.objects.get(pk=credential_id))


def recheck_credentials() -> dict[str, int]:
    """Checks every key once; returns how many are valid, refused, and could not be asked about."""
    counts = {"valid": 0, "refused": 0, "unavailable": 0}
    for credential in Credential.objects.exclude(mode=Mode.PAPER):
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
    if credential.mode == Mode.PAPER:
        return trading.balances(credential.pk)
    keys = open_keys(credential)
    try:
        return market_data.ask_as(credential.venue, keys, lambda connector: connector.balances())
    except AccountRefused as error:
        mark_refused(credential=credential, code=error.code, detail=error.detail)
        raise


def name_of(exchange: str) -> str:
    """As users know it."""
    return FACTS[exchange].name if exchange in FACTS else exchange


def _check_new(user: User, entry: Entry) -> None:
    if entry.mode == Mode.LIVE:
        try:
            entitlements.check(user=user, limit="live_credentials")
        except PlanLimit as refused:
            raise CredentialRejected(refused.code, "", refused.detail) from None
    most = settings.AUTOGRID_MOST_KEYS_PER_USER
    if Credential.objects.filter(user=user).exclude(mode=Mode.PAPER).count() >= most:
        detail = f"You have {most} keys, as many as are allowed: delete one first."
        raise CredentialRejected("too_many_keys", "", detail)
    candidates = Credential.objects.filter(
        user=user,
        exchange=entry.exchange,
        mode=entry.mode,
        api_key_hint=sealed.hint_of(entry.keys.api_key),
    )
    if any(_has_key(candidate, entry.keys.api_key) for candidate in candidates):
        raise CredentialRejected("duplicate", "api_key", "You have added this key already.")


def _has_key(credential: Credential, api_key: str) -> bool:
    try:
        return sealed.api_key(credential) == api_key
    except VaultError:
        return False


def _ask_permissions(user_id: UUID, exchange: str, keys: Keys, attested: bool) -> permissions.Permissions:
    try:
        count_question(user_id=user_id)
        return market_data.ask_as(exchange, keys, lambda connector: permissions.check(connector, attested))
    except AccountRefused as error:
        raise CredentialRejected("invalid_key", "api_key", _why_refused(exchange, error)) from None
    except RateLimited as error:
        raise CredentialRejected("exchange_unavailable", "", error.detail) from None
    except ExchangeUnavailable:
        detail = f"{name_of(exchange)} does not answer, so the key cannot be checked. Try again in a moment."
        raise CredentialRejected("exchange_unavailable", "", detail) from None


def _why_refused(exchange: str, error: AccountRefused) -> str:
    if error.code in FACTS[exchange].signature_codes:
        return "The API secret does not belong to this key: copy both again."
    return error.detail


def _store(credential: Credential, keys: Keys, found: permissions.Permissions) -> Credential:
    sealed.put_keys(credential, keys)
    now = timezone.now()
    credential.account_uid = found.account_uid
    credential.is_valid = True
    credential.permission_state = found.state
    credential.permission_detail = found.detail
    credential.attested_at = now if found.attested else None
    credential.ip_restricted = found.ip_restricted
    credential.checked_at = now
    credential.save(force_insert=True)
    if found.attested:
        log.info("The owner of credential %s attests that it cannot withdraw.", credential.id)
    return credential
