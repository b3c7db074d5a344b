"""What a user types to add a key: checked before any exchange is asked."""

import re
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from exchanges.connector.client import Keys
from exchanges.connector.facts import FACTS, ExchangeFacts, testnet_of
from exchanges.models import Mode

_PRINTABLE = re.compile(r"[\x21-\x7e]{1,256}")  # it travels in a header


class CredentialRejected(Exception):
    """`field` is the input it is about, empty for none; `detail` a sentence for the user."""

    def __init__(self, code: str, field: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.field, self.detail = code, field, detail


@dataclass(frozen=True, slots=True)
class Offer:
    """An exchange as the form offers it, and what a key of it needs."""

    id: str
    name: str
    hint: str
    testnet_hint: str  # "": it has no testnet
    passphrase: bool
    attested: bool


def offers() -> list[Offer]:
    """In the order users see them."""
    return [_offer(facts) for facts in FACTS.values() if not facts.testnet_of]


def _offer(facts: ExchangeFacts) -> Offer:
    testnet = testnet_of(facts.id)
    hint = testnet.key_hint if testnet else ""
    return Offer(facts.id, facts.name, facts.key_hint, hint, facts.passphrase, facts.attested)


@dataclass(frozen=True, slots=True)
class Entry:
    exchange: str
    label: str
    mode: str
    keys: Keys = field(repr=False)

    @property
    def facts(self) -> ExchangeFacts:
        """Of a checked entry."""
        testnet = testnet_of(self.exchange) if self.mode == Mode.TESTNET else None
        return testnet or FACTS[self.exchange]

    def check(self) -> None:
        """Raises CredentialRejected."""
        self._check_where()
        check_label(self.label)
        if not _PRINTABLE.fullmatch(self.keys.api_key):
            raise CredentialRejected("invalid", "api_key", "This is not an API key: copy it without spaces.")
        if not _is_secret(self.keys.secret):
            raise CredentialRejected(
                "invalid", "api_secret", "This is not an API secret: copy it without spaces."
            )
        self._check_passphrase()

    def _check_where(self) -> None:
        check_exchange(self.exchange)
        if self.mode == Mode.TESTNET and testnet_of(self.exchange) is None:
            detail = f"{FACTS[self.exchange].name} has no testnet."
            raise CredentialRejected("unsupported_mode", "mode", detail)
        if self.mode not in (Mode.LIVE, Mode.TESTNET):
            raise CredentialRejected("unsupported_mode", "mode", "Use mode live, testnet or paper.")

    def _check_passphrase(self) -> None:
        name, given = FACTS[self.exchange].name, self.keys.passphrase
        if FACTS[self.exchange].passphrase and not _PRINTABLE.fullmatch(given):
            detail = f"{name} needs the passphrase that you chose for the key, too."
            raise CredentialRejected("invalid", "api_passphrase", detail)
        if given and not FACTS[self.exchange].passphrase:
            raise CredentialRejected("invalid", "api_passphrase", f"Keys of {name} have no passphrase.")


def check_exchange(exchange: str) -> None:
    """Raises CredentialRejected."""
    known = [name for name, facts in FACTS.items() if not facts.testnet_of]
    if exchange not in known:
        detail = f"Supported exchanges: {', '.join(known)}."
        raise CredentialRejected("unsupported_exchange", "exchange", detail)


def check_label(label: str) -> None:
    """Raises CredentialRejected."""
    if not 1 <= len(label) <= 100 or not label.isprintable():
        raise CredentialRejected("invalid", "label", "Give it a name of 1 to 100 characters.")


def _is_secret(text: str) -> bool:
    """Plain text, or a private key that signs without a passphrase."""
    if not text.startswith("-----"):
        return bool(_PRINTABLE.fullmatch(text))
    try:
        return isinstance(load_pem_private_key(text.encode(), None), RSAPrivateKey | Ed25519PrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
