"""Reads settings from the environment, each with a clear error when it is missing or malformed."""

import os
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable's value, or the default; without either the process refuses to start."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. `./autogrid up` sets it; see docs/OPERATIONS.md.")
    return value


def integer(name: str, default: int) -> int:
    raw = os.environ.get(name, str(default))
    try:
        return int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}.") from None


def decimal(name: str, default: str, most: str) -> Decimal:
    """More than 0 and at most `most`."""
    raw = os.environ.get(name, default)
    try:
        value = Decimal(raw)
        fits = 0 < value <= Decimal(most)
    except InvalidOperation:  # NaN too
        fits = False
    if not fits:
        raise ImproperlyConfigured(f"{name} must be a number above 0 and at most {most}, not {raw!r}.")
    return value


def flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be networks such as 192.168.1.0/24: {error}.") from None


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated variable as a list without blanks."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]
