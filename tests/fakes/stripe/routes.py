"""The API's paths: what each method on each path does."""

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.stripe import catalog, checkout, customers, invoices, portal, subscriptions, webhooks
from tests.fakes.stripe.books import Books, Object, Refused, page_of

Params = dict[str, Any]
Action = Callable[..., Object]


def _lister(kind: str, path: str, *names: str) -> Action:
    def act(books: Books, params: Params) -> Object:
        rows = books.all(kind, **{name: params.get(name) for name in names})
        return page_of(rows, path, int(params.get("limit", 10)), params.get("starting_after", ""))

    return act


def _getter(kind: str) -> Action:
    return lambda books, _params, number: books.get(kind, number)


def _on(kind: str, act: Callable[..., Object]) -> Action:
    """An action on a found object, with or without parameters."""
    return lambda books, params, number: act(books, books.get(kind, number), params)


def _subscriptions(books: Books, params: Params) -> Object:
    """Without the canceled ones, unless they are asked for."""
    rows = books.all("subscription", customer=params.get("customer"))
    status = params.get("status")
    if status != "all":
        rows = [row for row in rows if (row["status"] == status if status else row["status"] != "canceled")]
    return page_of(rows, "/v1/subscriptions", int(params.get("limit", 10)), params.get("starting_after", ""))


def _customer(books: Books, _params: Params, number: str) -> Object:
    """A deleted one is still answered, as deleted."""
    row = books.objects.get(number, {})
    return row if row.get("deleted") else books.get("customer", number)


def _prices(books: Books, params: Params) -> Object:
    limit = int(params.get("limit", 10))
    return page_of(catalog.prices(books, params), "/v1/prices", limit, params.get("starting_after", ""))


ROUTES: list[tuple[str, str, Action]] = [
    ("GET", "account", lambda books, _: books.account),
    ("GET", "accounts/ID", _getter("account")),
    ("POST", "products", catalog.create_product),
    ("GET", "products", _lister("product", "/v1/products", "active")),
    ("GET", "products/ID", _getter("product")),
    ("POST", "products/ID", _on("product", catalog.update)),
    (
        "GET",
        "products/ID/features",
        lambda _books, _params, number: page_of([], f"/v1/products/{number}/features"),
    ),
    ("POST", "prices", catalog.create_price),
    ("GET", "prices", _prices),
    ("GET", "prices/ID", _getter("price")),
    ("POST", "prices/ID", _on("price", catalog.update)),
    ("POST", "customers", customers.create),
    ("GET", "customers", _lister("customer", "/v1/customers", "email")),
    ("GET", "customers/ID", _customer),
    ("POST", "customers/ID", _on("customer", customers.update)),
    ("DELETE", "customers/ID", _on("customer", lambda books, row, _: customers.delete(books, row))),
    ("GET", "payment_methods/ID", _getter("payment_method")),
    ("POST", "checkout/sessions", checkout.create),
    ("GET", "checkout/sessions/ID", _getter("checkout.session")),
    ("GET", "checkout/sessions", _lister("checkout.session", "/v1/checkout/sessions", "customer", "status")),
    (
        "POST",
        "checkout/sessions/ID/expire",
        _on("checkout.session", lambda books, row, _: checkout.expire(books, row)),
    ),
    ("POST", "billing_portal/sessions", portal.create),
    ("GET", "subscriptions", _subscriptions),
    ("GET", "subscriptions/ID", _getter("subscription")),
    ("POST", "subscriptions/ID", _on("subscription", subscriptions.update)),
    ("DELETE", "subscriptions/ID", _on("subscription", lambda books, row, _: subscriptions.end(books, row))),
    ("GET", "invoices", _lister("invoice", "/v1/invoices", "customer", "status")),
    ("GET", "invoices/ID", _getter("invoice")),
    ("GET", "charges/ID", _getter("charge")),
    ("GET", "charges", _lister("charge", "/v1/charges", "customer")),
    ("POST", "refunds", lambda books, params: invoices.refund(books, params["charge"])),
    ("POST", "webhook_endpoints", webhooks.create),
    ("GET", "webhook_endpoints", _lister("webhook_endpoint", "/v1/webhook_endpoints")),
    ("GET", "events", _lister("event", "/v1/events", "type")),
    ("GET", "events/ID", _getter("event")),
]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/v1/" + path.replace("ID", "([A-Za-z0-9_]+)"))


_COMPILED = [(method, _pattern(path), act) for method, path, act in ROUTES]


def answer(books: Books, method: str, path: str, params: Params) -> Object:
    for known, pattern, act in _COMPILED:
        if known == method and (found := pattern.fullmatch(path)):
            return expanded(books, act(books, params, *found.groups()), params.get("expand", []))
    raise Refused(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")


def expanded(books: Books, row: Object, wanted: list[str]) -> Object:
    """With the objects that `expand` names in place of their ids."""
    for path in wanted:
        row = _expand(books, row, path.split("."))
    return row


def _expand(books: Books, row: Any, path: list[str]) -> Any:
    if isinstance(row, list):
        return [_expand(books, each, path) for each in row]
    if not path or not isinstance(row, dict) or row.get(path[0]) is None:
        return row
    value = row[path[0]]
    value = books.objects.get(value, value) if isinstance(value, str) else value
    return {**row, path[0]: _expand(books, value, path[1:])}
