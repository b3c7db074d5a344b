"""Stripe's API: the calls we make, with our key and our patience. Imported in the cloud alone."""

import json
import threading
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import stripe
from django.conf import settings
from stripe import InvalidRequestError as NoSuchObject  # or one that is past what is asked of it
from stripe import RequestsClient, StripeClient, StripeError

__all__ = ["NoSuchObject", "Seen", "StripeError", "client", "look", "plain"]

TIMEOUT = 10.0  # seconds
_clients: dict[tuple[str, str], StripeClient] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Seen:
    """A customer's subscriptions, ended ones too, at Stripe's own time (seconds since the epoch). `originals` are
    the same as the library reads them."""

    subscriptions: list[dict[str, Any]]
    originals: list[stripe.Subscription]
    now: int
    customer: dict[str, Any]

    @property
    def is_deleted(self) -> bool:
        return bool(self.customer.get("deleted"))


def client() -> StripeClient:
    """One for each process; tries again by itself where the network fails, under the same idempotency key."""
    where = settings.STRIPE_SECRET_KEY, settings.AUTOGRID_STRIPE_URL
    with _lock:
        if where not in _clients:
            _clients[where] = StripeClient(
                where[0],
                base_addresses={"api": where[1]},
                http_client=RequestsClient(timeout=TIMEOUT),
                max_network_retries=2,
            )
        return _clients[where]


def plain(found: stripe.StripeObject) -> dict[str, Any]:
    """As dictionaries all the way down."""
    read: dict[str, Any] = json.loads(str(found))
    return read


def look(customer: str) -> Seen:
    """Raises StripeError."""
    found = plain(client().v1.customers.retrieve(customer))
    wanted = {"customer": customer, "status": "all", "limit": 100, "expand": ["data.latest_invoice"]}
    listed = client().v1.subscriptions.list(wanted)  # type: ignore[arg-type]
    return Seen([plain(each) for each in listed.data], listed.data, _time_of(listed), found)


def _time_of(listed: Any) -> int:
    """Stripe's clock decides over periods and grace, so it also says what time it is."""
    return int(parsedate_to_datetime(listed.last_response.headers["Date"]).timestamp())
