"""Where a request comes from: one answer for throttles, lockout and sign-in pages."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The client's address; for IPv6 its /64, since one client owns all of that.

    X-Forwarded-For is believed only as far as AUTOGRID_TRUSTED_PROXIES proxies wrote it.
    """
    remote = _address(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.AUTOGRID_TRUSTED_PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if proxies and len(forwarded) >= proxies:
        return _address(forwarded[-proxies]) or remote or "0.0.0.0"  # noqa: S104
    return remote or "0.0.0.0"  # noqa: S104


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)
    return str(address)
