"""Who asks, and did they sign exactly what arrived?"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from exchanges.simulator.accounts import Key
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange

APART_MS = 30_000


def authenticate(exchange: Exchange, headers: Mapping[str, str], signed: str) -> Key:
    """`signed` is method, path with query, and body. Raises Refused unless the key exists, the time is right and the
    signature fits. Any passphrase is taken, but not none."""
    api_key, stamp = headers.get("OK-ACCESS-KEY", ""), headers.get("OK-ACCESS-TIMESTAMP", "")
    if not api_key:
        raise Refused(50103, 'Request header "OK-ACCESS-KEY" can not be empty', 401)
    if not headers.get("OK-ACCESS-PASSPHRASE"):
        raise Refused(50104, 'Request header "OK-ACCESS-PASSPHRASE" can not be empty', 401)
    known = exchange.accounts.keys.get(api_key)
    if known is None and not api_key.startswith("demo"):
        raise Refused(50111, "Invalid OK-ACCESS-KEY", 401)
    if abs(_ms(stamp) - exchange.clock()) > APART_MS:
        raise Refused(50102, "Timestamp request expired", 401)
    if (deadline := headers.get("expTime", "")) and not (
        deadline.isdecimal() and int(deadline) >= exchange.clock()
    ):
        raise Refused(51149, "Order timed out. Please try again.", 200)
    _check_signature(known.secret if known else None, stamp + signed, headers.get("OK-ACCESS-SIGN", ""))
    return exchange.key(api_key)


def _ms(stamp: str) -> int:
    try:
        return int(datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Refused(50112, "Invalid OK-ACCESS-TIMESTAMP", 401) from None


def _check_signature(secret: str | None, signed: str, signature: str) -> None:
    """A key without a known secret (see accounts.Key) only needs a signature of the right form."""
    try:
        digest = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    right = len(digest) == sha256().digest_size
    if right and secret is not None:
        right = hmac.compare_digest(digest, hmac.new(secret.encode(), signed.encode(), sha256).digest())
    if not right:
        raise Refused(50113, "Invalid Sign", 401)
