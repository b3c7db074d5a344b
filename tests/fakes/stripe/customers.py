"""Customers and their cards. What a card does follows from its number, as with Stripe's test cards."""

from typing import Any

from tests.fakes.stripe.books import Books, Object, Refused

GOOD, DECLINED, INSUFFICIENT = "4242424242424242", "4000000000000002", "4000000000009995"
THREE_D_SECURE = "4000002500003155"  # asks for authentication the first time
FAILS_LATER = "4000000000000341"  # can be stored; every later charge is declined
WORDS = {
    "insufficient_funds": "Your card has insufficient funds.",
    "incorrect_number": "Your card number is incorrect.",
}
DECLINES = {DECLINED: "card_declined", INSUFFICIENT: "insufficient_funds"}


def create(books: Books, params: dict[str, Any]) -> Object:
    row = books.add(
        "customer",
        "cus",
        email=params.get("email"),
        name=params.get("name"),
        default_source=None,
        invoice_settings={"default_payment_method": None},
        currency=None,
        balance=0,
        delinquent=False,
    )
    row["metadata"] = params.get("metadata", {})
    books.happened("customer.created", row)
    return row


def update(books: Books, row: Object, params: dict[str, Any]) -> Object:
    changes = {name: params[name] for name in ("email", "name", "metadata") if name in params}
    return books.change("customer.updated", row, **changes)


def delete(books: Books, row: Object) -> Object:
    from tests.fakes.stripe import subscriptions

    for subscription in books.all("subscription", customer=row["id"]):
        if subscription["status"] != "canceled":
            subscriptions.end(books, subscription)
    books.happened("customer.deleted", row)
    books.objects[row["id"]] = {"id": row["id"], "object": "customer", "deleted": True}
    return books.objects[row["id"]]


def give_card(books: Books, customer: Object, number: str) -> Object:
    """Stores a card as the one that pays. Raises Refused (402) where the bank says no at once."""
    number = number.replace(" ", "")
    if number in DECLINES or not (number.isdigit() and 15 <= len(number) <= 16):
        raise declined(DECLINES.get(number, "incorrect_number"))
    card = {"brand": "visa", "last4": number[-4:], "exp_month": 12, "exp_year": 2034, "country": "US"}
    row = books.add(
        "payment_method", "pm", type="card", card=card, customer=customer["id"], billing_details={}
    )
    books.hidden[row["id"]] = number
    books.happened("payment_method.attached", row)
    settings = {**customer["invoice_settings"], "default_payment_method": row["id"]}
    books.change("customer.updated", customer, invoice_settings=settings)
    return row


def can_be_charged(books: Books, customer: Object) -> bool:
    card = customer["invoice_settings"]["default_payment_method"]
    return card is not None and books.hidden.get(card) != FAILS_LATER


def declined(code: str = "card_declined") -> Refused:
    return Refused(402, "card_error", WORDS.get(code, "Your card was declined."), code)
