"""Who asks, and did they sign exactly what arrived?"""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256

from exchanges.simulator.accounts import Key
from exchanges.simulator.bybit.errors import refusal
from exchanges.simulator.exchange import Exchange

HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"[0-9]{1,16}")
AHEAD_MS = 1_000
DEFAULT_WINDOW = "5000"


def authenticate(exchange: Exchange, headers: Mapping[str, str], payload: str) -> Key:
    """`payload` is the query or the body, byte for byte. Raises Refused unless the key exists, the time is right and
    the signature fits."""
    api_key = headers.get("X-BAPI-API-KEY", "")
    stamp, window = headers.get("X-BAPI-TIMESTAMP", ""), headers.get("X-BAPI-RECV-WINDOW") or DEFAULT_WINDOW
    if not api_key:
        raise refusal(10003, "API key is invalid.")
    if not (NUMBER.fullmatch(stamp) and NUMBER.fullmatch(window)):
        raise refusal(10001, "params error: X-BAPI-TIMESTAMP")
    now = exchange.clock()
    if not int(stamp) - AHEAD_MS < now <= int(stamp) + int(window):
        text = "invalid request, please check your server timestamp or recv_window param."
        seen = f" req_timestamp[{stamp}],server_timestamp[{now}],recv_window[{window}]"
        raise refusal(10002, text + seen)
    check_signature(exchange, api_key, stamp + api_key + window + payload, headers.get("X-BAPI-SIGN", ""))
    return exchange.key(api_key)


def check_signature(exchange: Exchange, api_key: str, signed: str, signature: str) -> None:
    """A key without a known secret (see accounts.Key) only needs a signature of the right form. The key's own
    existence comes first, as with Bybit."""
    known = exchange.accounts.keys.get(api_key)
    if known is None and not api_key.startswith("demo"):
        raise refusal(10003, "API key is invalid.")
    right = HEX_DIGEST.fullmatch(signature.lower()) is not None
    if right and known is not None and known.secret is not None:
        expected = hmac.new(known.secret.encode(), signed.encode(), sha256).hexdigest()
        right = hmac.compare_digest(expected, signature.lower())
    if not right:
        raise refusal(10004, "error sign! please check your signature generation algorithm.")
