"""Subscriptions: begun by a checkout, renewed by the clock, changed by portal or API, ended."""

from typing import Any

from tests.fakes.stripe import customers, invoices, periods
from tests.fakes.stripe.books import Books, Object, invalid
from tests.fakes.stripe.forms import flag

OVER = ("canceled", "incomplete_expired")


def begin(books: Books, customer: Object, price: Object, metadata: Object) -> Object:
    """Active, its first invoice paid by the customer's card."""
    interval = price["recurring"]["interval"]
    row = books.add(
        "subscription",
        "sub",
        customer=customer["id"],
        status="active",
        billing_cycle_anchor=books.now,
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        collection_method="charge_automatically",
        currency="usd",
        default_payment_method=None,
        default_source=None,
        default_tax_rates=[],
        ended_at=None,
        latest_invoice=None,
        pending_setup_intent=None,
        schedule=None,
        start_date=books.now,
        trial_end=None,
        trial_start=None,
    )
    row["metadata"] = metadata
    item = {
        "id": f"si_{row['id'][4:]}",
        "object": "subscription_item",
        "subscription": row["id"],
        "quantity": 1,
    }
    item |= {"price": price, "metadata": {}, "created": books.now, "current_period_start": books.now}
    item["current_period_end"] = periods.after(books.now, interval, 1)
    row["items"] = {"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"}
    invoices.pay(books, invoices.write(books, row, price["unit_amount"], "subscription_create"))
    books.happened("customer.subscription.created", row)
    return row


def item_of(row: Object) -> Object:
    found: Object = row["items"]["data"][0]
    return found


def update(books: Books, row: Object, params: dict[str, Any]) -> Object:
    if row["status"] in OVER:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    changes: Object = {"metadata": params["metadata"]} if "metadata" in params else {}
    if "cancel_at_period_end" in params:
        changes |= cancelling(books, row, flag(params, "cancel_at_period_end"))
    for item in params.get("items", []):
        change_price(books, row, books.get("price", item["price"]))
    return books.change("customer.subscription.updated", row, **changes) if changes else row


def cancelling(books: Books, row: Object, at_end: bool) -> Object:
    end = item_of(row)["current_period_end"] if at_end else None
    return {"cancel_at_period_end": at_end, "cancel_at": end, "canceled_at": books.now if at_end else None}


def change_price(books: Books, row: Object, price: Object) -> None:
    """To a dearer one at once, the rest of the period prorated and charged now: refused where that fails. To a cheaper
    one when the period ends."""
    item, before = item_of(row), {"items": row["items"]}
    if price["unit_amount"] < item["price"]["unit_amount"] and _same_rhythm(item["price"], price):
        books.hidden[row["id"]] = price
        books.happened("customer.subscription.updated", row, {"schedule": None})
        return
    books.hidden.pop(row["id"], None)
    if not customers.can_be_charged(books, books.get("customer", row["customer"])):
        raise customers.declined()
    due = _prorated(books, item, price)
    if not _same_rhythm(item["price"], price):
        row["billing_cycle_anchor"] = item["current_period_start"] = books.now
        item["current_period_end"] = periods.after(books.now, price["recurring"]["interval"], 1)
    item["price"] = price
    invoices.charge(books, invoices.write(books, row, due, "subscription_update"))
    books.happened("customer.subscription.updated", row, before)


def _same_rhythm(one: Object, other: Object) -> bool:
    return bool(one["recurring"]["interval"] == other["recurring"]["interval"])


def _prorated(books: Books, item: Object, price: Object) -> int:
    """Cents: the new price for what is left of the period, less what was paid for that."""
    start, end = item["current_period_start"], item["current_period_end"]
    left, length = end - books.now, end - start
    unused = item["price"]["unit_amount"] * left // length
    new = (
        price["unit_amount"]
        if not _same_rhythm(item["price"], price)
        else price["unit_amount"] * left // length
    )
    return int(new - unused)


def end(books: Books, row: Object) -> Object:
    ended = {"status": "canceled", "ended_at": books.now, "canceled_at": row["canceled_at"] or books.now}
    for invoice in books.all("invoice", customer=row["customer"], status="open"):
        invoices.void(books, invoice)
    return books.change("customer.subscription.deleted", row, **ended)


def renew(books: Books, row: Object) -> None:
    """At the end of a period: the next one begins, paid or not."""
    item = item_of(row)
    if row["cancel_at_period_end"]:
        end(books, row)
        return
    item["price"] = books.hidden.pop(row["id"], item["price"])
    interval = item["price"]["recurring"]["interval"]
    start = item["current_period_end"]
    item["current_period_start"] = start
    item["current_period_end"] = periods.next_end(row["billing_cycle_anchor"], interval, start)
    invoice = invoices.write(books, row, item["price"]["unit_amount"], "subscription_cycle")
    paid = row["status"] == "active" and invoices.charge(books, invoice)
    books.change("customer.subscription.updated", row, status="active" if paid else "past_due")


def settled(books: Books, invoice: Object) -> None:
    """An open invoice was paid: with nothing else open the subscription is active again."""
    row = books.get("subscription", invoice["parent"]["subscription_details"]["subscription"])
    if row["status"] == "past_due" and not books.all("invoice", customer=row["customer"], status="open"):
        books.change("customer.subscription.updated", row, status="active")


def pay_what_is_open(books: Books, customer: Object) -> None:
    """With a new card, as the portal does."""
    for invoice in books.all("invoice", customer=customer["id"], status="open"):
        if invoices.charge(books, invoice):
            settled(books, invoice)
