"""Moving the clock: everything that falls due on the way happens at its own time."""

from collections.abc import Iterator

from tests.fakes.stripe import invoices, subscriptions
from tests.fakes.stripe.books import Books, Object


def advance(books: Books, seconds: int) -> int:
    """Answers the new time."""
    target = books.now + seconds
    catch_up(books, target)
    books.ahead += target - books.now
    books.is_changed = True
    return books.now


def catch_up(books: Books, until: int | None = None) -> None:
    """Lets happen what is due by `until`, by default by now."""
    until = books.now if until is None else until
    while due := min(_due(books, until), key=lambda each: (each[0], each[1]["id"]), default=None):
        books.ahead += max(0, due[0] - books.now)
        _happen(books, due[1])


def _due(books: Books, until: int) -> Iterator[tuple[int, Object]]:
    for row in books.all("subscription"):
        end = subscriptions.item_of(row)["current_period_end"]
        if row["status"] not in subscriptions.OVER and end <= until:
            yield end, row
    for invoice in books.all("invoice", status="open"):
        if invoice["next_payment_attempt"] and invoice["next_payment_attempt"] <= until:
            yield invoice["next_payment_attempt"], invoice


def _happen(books: Books, row: Object) -> None:
    if row["object"] == "subscription":
        subscriptions.renew(books, row)
        return
    if invoices.charge(books, row):
        subscriptions.settled(books, row)
    elif row["next_payment_attempt"] is None:  # the last try: Stripe gives up
        owner = row["parent"]["subscription_details"]["subscription"]
        subscriptions.end(books, books.get("subscription", owner))
