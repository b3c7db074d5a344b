"""Who asks, and did they sign exactly what arrived?"""

import hmac
import re
from hashlib import sha256

from exchanges.simulator.accounts import Key
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange

HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"[0-9]{1,16}")
AHEAD_MS = 1_000
DEFAULT_WINDOW, MAX_WINDOW = "5000", 60_000


def authenticate(exchange: Exchange, api_key: str, parameters: dict[str, str], payload: str) -> Key:
    """`payload`: query and body as sent, without the signature. Raises Refused unless the key exists, the signature
    fits and the time is right."""
    if not api_key:
        raise Refused(700001, "API-key format invalid.")
    known = exchange.accounts.keys.get(api_key)
    if known is None and not api_key.startswith("demo"):
        raise Refused(10072, "Api key info invalid")
    _check_time(exchange.clock(), parameters)
    _check_signature(known.secret if known else None, payload, parameters.get("signature", ""))
    return exchange.key(api_key)


def _check_time(now: int, parameters: dict[str, str]) -> None:
    stamp, window = parameters.get("timestamp", ""), parameters.get("recvWindow") or DEFAULT_WINDOW
    if not (NUMBER.fullmatch(stamp) and NUMBER.fullmatch(window)):
        raise Refused(700008, "Illegal characters found in parameter 'timestamp'.")
    if int(window) > MAX_WINDOW:
        raise Refused(700005, "recvWindow must less than 60000")
    if not int(stamp) - AHEAD_MS < now <= int(stamp) + int(window):
        raise Refused(700003, "Timestamp for this request is outside of the recvWindow.")


def _check_signature(secret: str | None, payload: str, signature: str) -> None:
    """A key without a known secret (see accounts.Key) only needs a signature of the right form, in lower case."""
    right = HEX_DIGEST.fullmatch(signature) is not None
    if right and secret is not None:
        expected = hmac.new(secret.encode(), payload.encode(), sha256).hexdigest()
        right = hmac.compare_digest(expected, signature)
    if not right:
        raise Refused(700002, "Signature for this request is not valid.")
