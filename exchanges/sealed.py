"""The two secrets of a credential and where they are sealed."""

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
    return Keys(api_key(credential), secret, credential.account_uid or str(credential.id))


def hint_of(key: str) -> str:
    """Enough to recognise a key by."""
    return f"{key[:4]}…{key[-4:]}" if len(key) >= 16 else f"…{key[-2:]}" if len(key) > 4 else "…"
