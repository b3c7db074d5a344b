"""The only reader of plaintext API keys.

AES-256-GCM with a random 96-bit nonce. An envelope is: version (1 byte), length of the key id (1), key id,
nonce (12 bytes), ciphertext with its tag. The place of the secret (table, column, row) and the header are
associated data: an envelope that was moved or altered does not open."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = 1
NONCE_BYTES = 12
KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class VaultError(Exception):
    """A secret that does not open. Its text never holds anything of the secret."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret lives; it opens nowhere else."""

    table: str
    column: str
    row: str

    def associated_data(self, header: bytes) -> bytes:
        parts = (header, self.table.encode(), self.column.encode(), self.row.encode())
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def seal(plaintext: str, place: Place) -> bytes:
    """The envelope of `plaintext`, made with the first key of the ring."""
    key_id = current_key_id()
    header = _header(key_id)
    nonce = os.urandom(NONCE_BYTES)
    cipher = _ring()[key_id]
    return header + nonce + cipher.encrypt(nonce, plaintext.encode(), place.associated_data(header))


def unseal(envelope: bytes, place: Place) -> str:
    """Raises VaultError."""
    envelope = bytes(envelope)
    key_id = key_id_of(envelope)
    cipher = _ring().get(key_id)
    if cipher is None:
        raise VaultError(f"The key {key_id!r} that sealed this secret is not in AUTOGRID_ENCRYPTION_KEYS.")
    header = _header(key_id)
    nonce = envelope[len(header) : len(header) + NONCE_BYTES]
    ciphertext = envelope[len(header) + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, ciphertext, place.associated_data(header)).decode()
    except (InvalidTag, ValueError):
        pass
    raise VaultError("The secret was altered, or belongs to another place.")


def key_id_of(envelope: bytes) -> str:
    """Raises VaultError."""
    if len(envelope) < 2 or envelope[0] != VERSION:
        raise VaultError("This is no sealed secret of a known version.")
    key_id = envelope[2 : 2 + envelope[1]]
    if len(key_id) != envelope[1] or not _KEY_ID.fullmatch(key_id.decode("ascii", "replace")):
        raise VaultError("This is no sealed secret of a known version.")
    return key_id.decode("ascii")


def current_key_id() -> str:
    return next(iter(_ring()))


def _header(key_id: str) -> bytes:
    return bytes([VERSION, len(key_id)]) + key_id.encode("ascii")


def _ring() -> Mapping[str, AESGCM]:
    return _parse(settings.AUTOGRID_ENCRYPTION_KEYS)


@lru_cache(maxsize=4)
def _parse(text: str) -> Mapping[str, AESGCM]:
    """Key ids in the order of the setting. Raises ImproperlyConfigured, which names ids and never keys."""
    ring: dict[str, AESGCM] = {}
    for number, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        key_id, separator, encoded = entry.partition(":")
        if not separator or not _KEY_ID.fullmatch(key_id):
            raise ImproperlyConfigured(
                f"Entry {number} of AUTOGRID_ENCRYPTION_KEYS is not <id>:<base64 key>."
            )
        if key_id in ring:
            raise ImproperlyConfigured(f"AUTOGRID_ENCRYPTION_KEYS names {key_id!r} twice.")
        ring[key_id] = AESGCM(_decode(key_id, encoded))
    if not ring:
        raise ImproperlyConfigured("AUTOGRID_ENCRYPTION_KEYS holds no key.")
    return ring


def _decode(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(
            f"The key {key_id!r} of AUTOGRID_ENCRYPTION_KEYS must be the base64 of {KEY_BYTES} bytes."
        )
    return key
