"""Sealing every secret anew with the first key of the ring."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from exchanges import sealed, vault
from exchanges.models import Credential, Mode

COLUMNS = ("api_key_encrypted", "api_secret_encrypted", "api_passphrase_encrypted")


@dataclass(slots=True)
class Rotation:
    key_id: str
    rotated: int = 0
    current: int = 0
    failed: int = 0


def rotate_encryption_keys(*, batch_size: int = 100) -> Rotation:
    """Safe to run twice or at once: each row is read again under its lock. A row that does not open is left as
    it is and counted as failed."""
    done = Rotation(vault.current_key_id())
    for ids in _batches(batch_size):
        with transaction.atomic():
            for credential in Credential.objects.select_for_update().filter(pk__in=ids).order_by("pk"):
                _rotate(credential, done)
    return done


def _batches(size: int) -> Iterator[list[UUID]]:
    last: UUID | None = None
    while True:
        rows = Credential.objects.exclude(mode=Mode.PAPER).order_by("pk")  # which have no key
        rows = rows.filter(pk__gt=last) if last else rows
        ids = list(rows.values_list("pk", flat=True)[:size])
        if not ids:
            return
        yield ids
        last = ids[-1]


def _rotate(credential: Credential, done: Rotation) -> None:
    try:
        held = [column for column in COLUMNS if getattr(credential, column) is not None]
        old = [column for column in held if _key_id(credential, column) != done.key_id]
        for column in old:
            plaintext = sealed.unseal(column, credential.pk, getattr(credential, column))
            setattr(credential, column, sealed.seal(column, credential.pk, plaintext))
    except vault.VaultError:
        done.failed += 1
        return
    if old:
        credential.save(update_fields=old)
        done.rotated += 1
    else:
        done.current += 1


def _key_id(credential: Credential, column: str) -> str:
    return vault.key_id_of(bytes(getattr(credential, column)))
