"""Who asks, and did they sign exactly what arrived?"""

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl

from exchanges.simulator.accounts import Key
from exchanges.simulator.errors import Refused, mandatory
from exchanges.simulator.exchange import Exchange

HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
AHEAD_MS = 1_000
DEFAULT_WINDOW, MAX_WINDOW = 5_000, 60_000


@dataclass(frozen=True, slots=True)
class Signed:
    """`payload` is what the signature covers, byte for byte."""

    payload: str
    signature: str | None


def parse(query: str, body: str) -> tuple[dict[str, str], Signed]:
    """Query and body as sent; the signature may stand anywhere in either. Binance signs both, joined by nothing."""
    parameters = dict(parse_qsl(query, keep_blank_values=True)) | dict(
        parse_qsl(body, keep_blank_values=True)
    )
    payload = "".join(
        "&".join(part for part in text.split("&") if not part.startswith("signature="))
        for text in (query, body)
    )
    return parameters, Signed(payload, parameters.get("signature"))


def authenticate(exchange: Exchange, api_key: str | None, parameters: dict[str, str], signed: Signed) -> Key:
    """Raises Refused unless the key exists, the time is right and the signature fits."""
    if not api_key:
        raise Refused(-2014, "API-key format invalid.", 401)
    if not signed.signature:
        raise mandatory("signature")
    _check_time(exchange.clock(), parameters)
    known = exchange.accounts.keys.get(api_key)
    _check_signature(known.secret if known else None, signed)
    return exchange.key(api_key)


def _check_time(now: int, parameters: dict[str, str]) -> None:
    timestamp = _number(parameters, "timestamp")
    window = _number(parameters, "recvWindow") if "recvWindow" in parameters else DEFAULT_WINDOW
    if window > MAX_WINDOW:
        raise Refused(-1131, "recvWindow must be less than 60000.")
    if timestamp > now + AHEAD_MS:
        raise Refused(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - timestamp > window:
        raise Refused(-1021, "Timestamp for this request is outside of the recvWindow.")


def _check_signature(secret: str | None, signed: Signed) -> None:
    """A key without a known secret (see accounts.Key) only needs a signature of the right form."""
    signature = signed.signature or ""
    right_form = HEX_DIGEST.fullmatch(signature.lower()) is not None
    if right_form and secret is not None:
        expected = hmac.new(secret.encode(), signed.payload.encode(), sha256).hexdigest()
        right_form = hmac.compare_digest(expected, signature.lower())
    if not right_form:
        raise Refused(-1022, "Signature for this request is not valid.")


def _number(parameters: dict[str, str], name: str) -> int:
    value = parameters.get(name, "")
    if not value:
        raise mandatory(name)
    if not re.fullmatch(r"[0-9]{1,16}", value):
        raise Refused(
            -1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        )
    return int(value)
