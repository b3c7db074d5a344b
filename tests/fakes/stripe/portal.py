"""Portal sessions, where customers change plan and card, cancel and come back."""

from collections.abc import Callable
from typing import Any

from tests.fakes.stripe import customers, subscriptions
from tests.fakes.stripe.books import Books, Object, invalid


def create(books: Books, params: dict[str, Any]) -> Object:
    customer = books.get("customer", params["customer"])
    made = {"customer": customer["id"], "return_url": params.get("return_url"), "configuration": "bpc_1"}
    row = books.add("billing_portal.session", "bps", **made)
    row["url"] = f"{books.base_url}/portal/{row['id']}"
    return row


def current(books: Books, session: Object) -> Object | None:
    """The customer's subscription that is not over."""
    rows = books.all("subscription", customer=session["customer"])
    return next((row for row in rows if row["status"] not in subscriptions.OVER), None)


def act(books: Books, session: Object, form: dict[str, str]) -> None:
    """What the page's buttons do. Raises Refused."""
    known: dict[str, Callable[[], Any]] = {
        "card": lambda: _new_card(books, session, form.get("number", "")),
        "price": lambda: subscriptions.change_price(
            books, _found(books, session), books.get("price", form["price"])
        ),
        "cancel": lambda: _cancel(books, session, True),
        "keep": lambda: _cancel(books, session, False),
    }
    known[form["do"]]()


def _new_card(books: Books, session: Object, number: str) -> None:
    customer = books.get("customer", session["customer"])
    customers.give_card(books, customer, number)
    subscriptions.pay_what_is_open(books, customer)


def _cancel(books: Books, session: Object, at_end: bool) -> None:
    row = _found(books, session)
    books.change("customer.subscription.updated", row, **subscriptions.cancelling(books, row, at_end))


def _found(books: Books, session: Object) -> Object:
    row = current(books, session)
    if row is None:
        raise invalid("There is no subscription.")
    return row
