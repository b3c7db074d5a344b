"""Products and prices."""

from typing import Any

from tests.fakes.stripe.books import Books, Object, invalid
from tests.fakes.stripe.forms import flag

INTERVALS = ("month", "year")


def create_product(books: Books, params: dict[str, Any]) -> Object:
    if "name" not in params:
        raise invalid("Missing required param: name.", "name", "parameter_missing")
    if params.get("id") in books.objects:
        raise invalid("Product already exists.", "id", "resource_already_exists")
    row = books.add("product", "prod", name=params["name"], active=True, type="service", default_price=None)
    row |= {"description": params.get("description"), "metadata": params.get("metadata", {})}
    if "id" in params:
        del books.objects[row["id"]]
        row["id"] = params["id"]
        books.objects[row["id"]] = row
    books.happened("product.created", row)
    return row


def create_price(books: Books, params: dict[str, Any]) -> Object:
    recurring = params.get("recurring", {})
    if recurring.get("interval") not in INTERVALS:
        raise invalid(
            f"Invalid recurring[interval]: must be one of {', '.join(INTERVALS)}", "recurring[interval]"
        )
    key = params.get("lookup_key")
    _free_key(books, key, flag(params, "transfer_lookup_key"))
    row = books.add(
        "price",
        "price",
        active=True,
        billing_scheme="per_unit",
        currency=params["currency"],
        unit_amount=int(params["unit_amount"]),
        product=books.get("product", params["product"])["id"],
        recurring={"interval": recurring["interval"], "interval_count": 1, "usage_type": "licensed"},
        lookup_key=key,
        type="recurring",
    )
    row["metadata"] = params.get("metadata", {})
    books.happened("price.created", row)
    return row


def _free_key(books: Books, key: str | None, may_move: bool) -> None:
    for taken in books.all("price", lookup_key=key) if key else []:
        if not may_move:
            raise invalid(f"A price (`{taken['id']}`) already uses that lookup key.", "lookup_key")
        books.change("price.updated", taken, lookup_key=None)


def update(books: Books, row: Object, params: dict[str, Any]) -> Object:
    changes: Object = {name: params[name] for name in ("name", "description", "metadata") if name in params}
    if "active" in params:
        changes["active"] = flag(params, "active")
    return books.change(f"{row['object']}.updated", row, **changes)


def prices(books: Books, params: dict[str, Any]) -> list[Object]:
    active = flag(params, "active") if "active" in params else None
    rows = books.all("price", active=active, product=params.get("product"))
    keys = params.get("lookup_keys")
    return [row for row in rows if not keys or row["lookup_key"] in keys]
