"""Invoices and payments, and what is told of their changes."""

import hashlib
import hmac
import itertools
import json
import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Object = dict[str, Any]
RATE = Decimal("50000")  # dollars for a coin
UNKNOWN = {"statusCode": 404, "code": "PAYMENT_NOT_FOUND", "message": "Payment not found"}


class Refused(Exception):
    def __init__(self, status: int, body: Object) -> None:
        super().__init__(body["message"])
        self.status, self.body = status, body


def invalid(message: str) -> Refused:
    return Refused(400, {"statusCode": 400, "code": "INVALID_REQUEST_PARAMS", "message": message})


class Books:
    """Touch it under `lock` alone."""

    def __init__(self, secret: str) -> None:
        self.lock, self.secret = threading.RLock(), secret
        self.base_url = ""
        self.invoices: dict[str, Object] = {}
        self.payments: dict[str, Object] = {}
        self.waiting: list[Object] = []
        self._numbers = itertools.count(5_000_000_001)

    def dump(self) -> str:
        return json.dumps([next(self._numbers), self.invoices, self.payments, self.waiting])

    def load(self, text: str) -> None:
        number, self.invoices, self.payments, self.waiting = json.loads(text)
        self._numbers = itertools.count(number + 1)

    def create_invoice(self, params: Object) -> Object:
        amount = Decimal(str(params.get("price_amount") or 0))
        if amount <= 0 or not params.get("price_currency"):
            raise invalid("price_amount and price_currency are required")
        kept = ("order_id", "order_description", "ipn_callback_url", "success_url", "cancel_url")
        row = {name: params.get(name) for name in kept}
        number = str(next(self._numbers))
        row |= {"id": number, "price_amount": str(amount), "price_currency": params["price_currency"]}
        row |= {"pay_currency": None, "created_at": _now(), "updated_at": _now()}
        row["invoice_url"] = f"{self.base_url}/payment/?iid={number}"
        self.invoices[number] = row
        return row

    def payment(self, number: str) -> Object:
        if number not in self.payments:
            raise Refused(404, UNKNOWN)
        return self.payments[number]

    def listed(self, query: dict[str, str]) -> Object:
        """The newest first."""
        limit, page = int(query["limit"]), int(query["page"])
        rows = [row for row in self.payments.values() if row["created_at"] >= query.get("dateFrom", "")][::-1]
        shown = rows[page * limit : (page + 1) * limit]
        return {
            "data": shown,
            "limit": limit,
            "page": page,
            "pagesCount": -(-len(rows) // limit),
            "total": len(rows),
        }

    def begin(self, invoice: str, share: str = "1") -> Object:
        """The customer chooses a coin: a payment for that share of the price waits."""
        row = self.invoices[invoice]
        price = Decimal(row["price_amount"]) * Decimal(share)
        number = next(self._numbers)
        made = {name: row[name] for name in ("order_id", "order_description", "price_currency")}
        made |= {"payment_id": number, "invoice_id": int(invoice), "payment_status": "waiting"}
        made |= {"price_amount": float(price), "pay_currency": "btc", "pay_amount": float(price / RATE)}
        made |= {"actually_paid": 0, "pay_address": f"fake{number}", "purchase_id": str(number + 1)}
        made |= {"created_at": _now(), "updated_at": _now(), "fee": {"currency": "btc", "depositFee": 1e-07}}
        self.payments[str(number)] = made
        self._tell(made)
        return made

    def move(self, payment: Object, status: str, share: str | None = None) -> None:
        """`share` of what was asked has arrived by then."""
        payment["payment_status"], payment["updated_at"] = status, _now()
        if share is not None:
            payment["actually_paid"] = float(Decimal(str(payment["pay_amount"])) * Decimal(share))
        self._tell(payment)

    def pay(self, payment: Object, share: str = "1") -> None:
        """All the way, as the chain confirms it; too little ends as partially paid."""
        self.move(payment, "confirming", share)
        if Decimal(share) < 1:
            self.move(payment, "partially_paid")
            return
        for status in ("confirmed", "sending", "finished"):
            self.move(payment, status)

    def _tell(self, payment: Object) -> None:
        self.waiting.append({**payment, "ipn": self.invoices[str(payment["invoice_id"])]["ipn_callback_url"]})

    def take(self) -> list[tuple[str, bytes, dict[str, str]]]:
        """Everything that was not told yet: address, body, headers."""
        told, self.waiting = self.waiting, []
        return [self.message(each) for each in told]

    def message(self, told: Object) -> tuple[str, bytes, dict[str, str]]:
        body = {name: value for name, value in told.items() if name != "ipn"}
        text = json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        signature = hmac.new(self.secret.encode(), text.encode(), hashlib.sha512).hexdigest()
        unsorted = json.dumps(body).encode()
        return str(told["ipn"]), unsorted, {"x-nowpayments-sig": signature}


def _now() -> str:
    return datetime.now(UTC).isoformat()
