"""NOWPayments' API: invoices, payments, and the signature of what it tells. https://documenter.getpostman.com/view/7907941"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import requests
from django.conf import settings

TIMEOUT = 10.0  # seconds
PAGE = 500  # payments


class NowPaymentsError(Exception):
    """It does not answer, or refuses."""


class BadSignature(Exception):
    """Not NOWPayments', or changed on the way."""


class _Number(str):
    """As it was written: what is signed must be written again to the letter."""


@dataclass(frozen=True, slots=True)
class Payment:
    """`asked` and `paid` in the coin; `price` in dollars."""

    id: str
    order: str
    status: str
    currency: str
    asked: Decimal
    paid: Decimal
    price: Decimal


def is_on() -> bool:
    return bool(settings.NOWPAYMENTS_API_KEY and settings.NOWPAYMENTS_IPN_SECRET)


def create_invoice(body: dict[str, Any]) -> dict[str, Any]:
    """With "id" and "invoice_url". Raises NowPaymentsError."""
    return _asked("POST", "/v1/invoice", body)


def payment(number: str) -> Payment:
    """Raises NowPaymentsError."""
    found = _asked("GET", f"/v1/payment/{number}")
    amounts = [_decimal(found.get(name)) for name in ("pay_amount", "actually_paid", "price_amount")]
    if str(found.get("price_currency", "")).lower() != "usd":
        raise NowPaymentsError("The price is not in dollars.")
    return Payment(
        str(found["payment_id"]),
        str(found.get("order_id") or ""),
        str(found["payment_status"]),
        str(found.get("pay_currency") or ""),
        *amounts,
    )


def lists_payments() -> bool:
    return bool(is_on() and settings.NOWPAYMENTS_EMAIL and settings.NOWPAYMENTS_PASSWORD)


def payments_since(moment: datetime) -> Iterator[tuple[str, str]]:
    """Each payment's id and its order's, the newest first. Raises NowPaymentsError."""
    login = {"email": settings.NOWPAYMENTS_EMAIL, "password": settings.NOWPAYMENTS_PASSWORD}
    token = _asked("POST", "/v1/auth", login)["token"]  # good for five minutes
    page, pages = 0, 1
    while page < pages:
        query = f"limit={PAGE}&page={page}&sortBy=created_at&orderBy=desc&dateFrom={moment:%Y-%m-%d}"
        found = _asked("GET", f"/v1/payment/?{query}", token=token)
        yield from ((str(each["payment_id"]), str(each.get("order_id") or "")) for each in found["data"])
        page, pages = page + 1, int(found["pagesCount"])


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def _asked(method: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> dict[str, Any]:
    headers = {"x-api-key": settings.NOWPAYMENTS_API_KEY}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    address = settings.AUTOGRID_NOWPAYMENTS_URL + path
    try:
        reply = requests.request(method, address, json=body, headers=headers, timeout=TIMEOUT)
        reply.raise_for_status()
        found: dict[str, Any] = json.loads(reply.text, parse_float=Decimal)
    except (requests.RequestException, ValueError) as error:
        raise NowPaymentsError(type(error).__name__) from None
    return found


def read_ipn(body: bytes, signature: str) -> dict[str, Any]:
    """What it tells, numbers as text. Raises BadSignature."""
    try:
        told = json.loads(body, parse_float=_Number, parse_int=_Number)
        expected = signed(told, settings.NOWPAYMENTS_IPN_SECRET)
    except (ValueError, RecursionError):
        raise BadSignature from None
    if not (is_on() and isinstance(told, dict) and hmac.compare_digest(expected, signature.encode())):
        raise BadSignature
    return told


def signed(told: Any, secret: str) -> bytes:
    """HMAC-SHA512 over the body with its keys sorted, in hex."""
    return hmac.new(secret.encode(), _written(told).encode(), hashlib.sha512).hexdigest().encode()


def _written(value: Any) -> str:
    """As JavaScript's JSON.stringify writes what is sorted."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(key)}:{_written(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
