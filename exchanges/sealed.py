"""The secrets of a credential and where they are sealed."""

from uuid import UUID

from exchanges import vault
from exchanges.connector.client import Keys
from exchanges.models import Credential

TABLE = "exchange_credentials"


def seal(column: str, row: UUID, plaintext: str) -> bytes:
    return vault.seal(plaintext, vault.Place(TABLE, column, str(row)))


def unseal(column: str, row: UUID, envelope: bytes | memoryview) -> str:
    """Raises VaultError."""
    return vault.unseal(bytes(envelope), vault.Place(TABLE, column, str(row)))


def api_key(credential: Credential) -> str:
    """Raises VaultError."""
    return unseal("api_key_encrypted", credential.id, credential.api_key_encrypted)


def keys_of(credential: Credential) -> Keys:
    """Raises VaultError."""
    secret = unseal("api_secret_encrypted", credential.id, credential.api_secret_encrypted)
    sealed = credential.api_passphrase_encrypted
    passphrase = unseal("api_passphrase_encrypted", credential.id, sealed) if sealed else ""
    return Keys(api_key(credential), secret, credential.account_uid or str(credential.id), passphrase)


def put_keys(credential: Credential, keys: Keys) -> None:
    """Into the row, which the caller saves."""
    row = credential.pk
    credential.api_key_encrypted = seal("api_key_encrypted", row, keys.api_key)
    credential.api_secret_encrypted = seal("api_secret_encrypted", row, keys.secret)
    if keys.passphrase:
        credential.api_passphrase_encrypted = seal("api_passphrase_encrypted", row, keys.passphrase)
    credential.api_key_hint = hint_of(keys.api_key)


def hint_of(key: str) -> str:
    """Enough to recognise a key by."""
    return f"{key[:4]}…{key[-4:]}" if len(key) >= 16 else f"…{key[-2:]}" if len(key) > 4 else "…"
