"""Invoices: written for a period or a change, charged, tried again, refunded, disputed."""

from tests.fakes.stripe import customers
from tests.fakes.stripe.books import Books, Object, invalid

DAY = 86_400
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)  # after a failed renewal


def write(books: Books, subscription: Object, amount: int, reason: str) -> Object:
    """A finalized invoice over `amount` cents, not charged yet."""
    item = subscription["items"]["data"][0]
    line = {"id": f"il_{len(books.objects)}", "object": "line_item", "amount": amount, "currency": "usd"}
    line["period"] = {"start": item["current_period_start"], "end": item["current_period_end"]}
    row = books.add(
        "invoice",
        "in",
        customer=subscription["customer"],
        currency="usd",
        amount_due=max(amount, 0),
        amount_paid=0,
        amount_remaining=max(amount, 0),
        total=amount,
        attempt_count=0,
        billing_reason=reason,
        collection_method="charge_automatically",
        default_payment_method=None,
        hosted_invoice_url="",
        invoice_pdf="",
        lines={"object": "list", "data": [line], "has_more": False, "url": ""},
        next_payment_attempt=None,
        parent={"type": "subscription_details", "subscription_details": {"subscription": subscription["id"]}},
        period_start=item["current_period_start"],
        period_end=item["current_period_end"],
        status="open",
    )
    row["number"] = f"AG-{row['id'][-6:]}"
    row["hosted_invoice_url"] = row["invoice_pdf"] = f"{books.base_url}/invoice/{row['id']}"
    books.happened("invoice.created", row)
    books.happened("invoice.finalized", row)
    subscription["latest_invoice"] = row["id"]
    return row


def charge(books: Books, invoice: Object) -> bool:
    """Whether the customer's card pays it. Tells of either outcome."""
    customer = books.get("customer", invoice["customer"])
    if not customers.can_be_charged(books, customer) and invoice["amount_due"]:
        tried = invoice["attempt_count"] + 1
        again = books.now + RETRIES[tried - 1] if tried <= len(RETRIES) else None
        books.change("invoice.payment_failed", invoice, attempt_count=tried, next_payment_attempt=again)
        return False
    pay(books, invoice)
    return True


def pay(books: Books, invoice: Object) -> None:
    if invoice["status"] != "open":
        raise invalid("Invoice is already paid")
    due = invoice["amount_due"]
    paid = {"status": "paid", "amount_paid": due, "amount_remaining": 0, "next_payment_attempt": None}
    before = {"attempt_count": invoice["attempt_count"] + 1}
    if due:
        made = {"amount": due, "amount_refunded": 0, "refunded": False, "disputed": False, "currency": "usd"}
        charged = books.add(
            "charge", "ch", customer=invoice["customer"], paid=True, status="succeeded", **made
        )
        books.hidden[invoice["id"]], books.hidden[charged["id"]] = charged["id"], invoice["id"]
        books.happened("charge.succeeded", charged)
    books.change("invoice.paid", invoice, **paid, **before)
    books.happened("invoice.payment_succeeded", invoice)


def void(books: Books, invoice: Object) -> None:
    if invoice["status"] == "open":
        books.change("invoice.voided", invoice, status="void", next_payment_attempt=None)


def refund(books: Books, charge_id: str) -> Object:
    charged = books.get("charge", charge_id)
    if charged["refunded"]:
        raise invalid("Charge has already been refunded.", code="charge_already_refunded")
    made = {"amount": charged["amount"], "currency": "usd", "status": "succeeded"}
    row = books.add("refund", "re", charge=charge_id, payment_intent=None, **made)
    books.change("charge.refunded", charged, refunded=True, amount_refunded=charged["amount"])
    return row


def dispute(books: Books, charge_id: str) -> Object:
    """The customer's bank takes the money back for now."""
    charged = books.get("charge", charge_id)
    if charged["disputed"]:
        raise invalid("Charge is disputed already.")
    made = {
        "amount": charged["amount"],
        "currency": "usd",
        "reason": "fraudulent",
        "status": "needs_response",
    }
    row = books.add("dispute", "dp", charge=charge_id, payment_intent=None, **made)
    charged["disputed"] = True
    books.happened("charge.dispute.created", row)
    return row
