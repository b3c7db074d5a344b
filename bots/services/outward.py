"""Addresses that users give us may lead out, never in: no host of the operator's network answers to them.

A host is allowed where every address its name has is a public one, or lies in AUTOGRID_NOTICE_NETWORKS. What was
checked is what is connected to (`post` pins the address; `guarding` looks at every connection of a library), so that a
name cannot change its mind in between. Redirects are not followed.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

CONNECT_SECONDS, WHOLE_SECONDS = 5.0, 10.0
MOST_READ = 4096  # bytes of an answer
PORTS = {"http": 80, "https": 443}
# Public by their form, but they carry an address that may not be: IPv6's ways to IPv4.
_CARRIERS = [
    ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(ValueError):
    """The address leads somewhere we do not go; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes  # its beginning
    retry_after: float = 0.0  # seconds; 0 where it does not say


def is_allowed(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in settings.AUTOGRID_NOTICE_NETWORKS):
        return True
    carried = any(address in network for network in _CARRIERS)
    return address.is_global and not address.is_multicast and not carried


def checked(host: str, port: int) -> str:
    """An address of the host that may be connected to. Raises NotAllowed where any of them may not, and OSError where
    the name is not known."""
    found = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    addresses = [ipaddress.ip_address(str(each).partition("%")[0]) for each in found]
    if not all(is_allowed(address) for address in addresses):
        raise NotAllowed(f"{host} is inside this server's network, where notices do not go.")
    return str(min(addresses, key=lambda address: (address.version, address)))


def check_url(url: str) -> None:
    """Raises NotAllowed for a web address that a webhook may not have."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise NotAllowed("This is no web address.") from None
    if parts.scheme not in PORTS or not parts.hostname or not url.isascii() or not url.isprintable():
        raise NotAllowed("Give a web address that begins with https:// or http://.")
    if parts.username or parts.password:
        raise NotAllowed("Leave name and password out of the address: messages are signed.")
    try:
        checked(parts.hostname, port)
    except OSError:
        raise NotAllowed(f"{parts.hostname} is not known: check the name.") from None


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Raises NotAllowed and OSError (time-outs are OSErrors too)."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connection = _Pinned(checked(host, port), host, port, secure=parts.scheme == "https")
    try:
        with _deadline(connection):
            connection.request("POST", target, body, headers)
            answer = connection.getresponse()
            pause = answer.getheader("Retry-After", "")
            return Answer(answer.status, answer.read(MOST_READ), float(pause) if pause.isdecimal() else 0.0)
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"no HTTP answer: {type(error).__name__}") from None
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was checked, and speaks to the host that was named."""

    def __init__(self, address: str, host: str, port: int, *, secure: bool) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS)
        self.default_port = PORTS["https" if secure else "http"]
        self._address, self._secure = address, secure

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            # The handshake comes after, so that the deadline finds the socket that takes part in it.
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()


@contextmanager
def _deadline(connection: http.client.HTTPConnection) -> Iterator[None]:
    """Ends a conversation that drips on: each byte would be in time, all of them are not."""

    def end() -> None:
        if connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(WHOLE_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
