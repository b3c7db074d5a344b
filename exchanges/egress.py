"""The ways out to the exchanges: directly, or by a proxy of the operator's. An exchange counts requests by the address
they come from, so each way has rate limits of its own."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from exchanges.connector.facts import FACTS

DIRECT = "default"


def proxies_of(entries: Iterable[str]) -> dict[str, str]:
    """The proxy of each exchange that has one. An entry is a URL, for all, or `bybit=URL`, which goes before. Raises
    ImproperlyConfigured, which never repeats a URL: it may hold a password."""
    everybody, single = "", {}
    for number, entry in enumerate(entries, start=1):
        name, separator, url = entry.partition("=")
        if not separator or "://" in name:
            name, url = "", entry
        _check(number, name, url)
        if name:
            single[name] = url
        else:
            everybody = url
    found = {}
    for exchange, facts in FACTS.items():
        url = single.get(exchange) or single.get(facts.testnet_of) or everybody
        if url:
            found[exchange] = url
    return found


def name_of(proxy: str) -> str:
    """What the limits of this way out are kept under; without user and password."""
    parts = urlsplit(proxy)
    return f"{parts.hostname}:{parts.port}" if proxy else DIRECT


def _check(number: int, name: str, url: str) -> None:
    if name and name not in FACTS:
        raise ImproperlyConfigured(f"Entry {number} of AUTOGRID_EXCHANGE_PROXY names no exchange of ours.")
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        right = False
    if not right:
        detail = f"Entry {number} of AUTOGRID_EXCHANGE_PROXY is no http://host:port (socks is not supported)."
        raise ImproperlyConfigured(detail)
