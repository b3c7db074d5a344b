"""Checkout sessions: made by the API, completed on their page."""

from typing import Any

from tests.fakes.stripe import customers, subscriptions
from tests.fakes.stripe.books import Books, Object, Refused, invalid

DAY = 86_400


def create(books: Books, params: dict[str, Any]) -> Object:
    if params.get("mode") != "subscription":
        raise invalid("This fake knows mode=subscription alone.", "mode")
    for name in ("success_url", "line_items"):
        if name not in params:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    price = books.get("price", params["line_items"][0]["price"])
    if not price["active"]:
        raise invalid("The price specified is inactive.", "line_items[0][price]")
    row = books.add(
        "checkout.session",
        "cs",
        mode="subscription",
        status="open",
        payment_status="unpaid",
        customer=books.get("customer", params["customer"])["id"],
        client_reference_id=params.get("client_reference_id"),
        subscription=None,
        success_url=params["success_url"],
        cancel_url=params.get("cancel_url"),
        amount_total=price["unit_amount"],
        currency=price["currency"],
        expires_at=books.now + DAY,
    )
    row["metadata"] = params.get("metadata", {})
    row["url"] = f"{books.base_url}/checkout/{row['id']}"
    books.hidden[row["id"]] = (price, params.get("subscription_data", {}).get("metadata", {}))
    return row


def pay(books: Books, session: Object, number: str, authenticated: bool = False) -> str:
    """Where the browser goes on: the success page, or "3ds" where the bank wants to see the customer first. Raises
    Refused (402) where the card is declined."""
    if session["status"] != "open" or session["expires_at"] <= books.now:
        raise invalid("This checkout is no longer open.")
    number = number.replace(" ", "")
    if number == customers.THREE_D_SECURE and not authenticated:
        return "3ds"
    customer = books.get("customer", session["customer"])
    customers.give_card(books, customer, number)
    price, metadata = books.hidden[session["id"]]
    subscription = subscriptions.begin(books, customer, price, metadata)
    done = {"status": "complete", "payment_status": "paid", "subscription": subscription["id"]}
    books.change("checkout.session.completed", session, **done)
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def expire(books: Books, session: Object) -> Object:
    if session["status"] != "open":
        raise invalid("Only open checkouts can be expired.")
    return books.change("checkout.session.expired", session, status="expired")


def failed_authentication() -> Refused:
    message = "We are unable to authenticate your payment method. Please choose another one and try again."
    return Refused(402, "card_error", message, "payment_intent_authentication_failure")
