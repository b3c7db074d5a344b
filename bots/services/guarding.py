"""A guard around a library that connects by itself: to allowed addresses alone, for so long, and it reads no more than
the beginning of what it is answered."""

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from bots.services.outward import NotAllowed, is_allowed

WHOLE_SECONDS = 20.0  # for all its requests together
AGAIN_SECONDS = 0.5
MOST_READ = 65_536  # bytes of an answer
REFUSED = "The channel leads into this server's network, where notices do not go."
_here = threading.local()


@contextmanager
def guarded() -> Iterator[None]:
    """Of what this thread does in the block with `requests` or sockets. Raises NotAllowed at the end where it tried to
    go where it may not."""
    _watch_connections()
    _shorten_answers()
    guard = _here.guard = _Guard()
    watch = threading.Thread(target=guard.end_late, daemon=True)
    watch.start()
    try:
        yield
    finally:
        _here.guard = None
        guard.done.set()
        watch.join()
        guard.let_go()
    if guard.refused:
        raise NotAllowed(REFUSED)


class _Guard:
    def __init__(self) -> None:
        self.refused = False
        self.done = threading.Event()
        self._sockets: list[socket.socket] = []

    def connects(self, connecting: socket.socket, address: Any) -> None:
        """Raises ConnectionRefusedError, which libraries clean up after."""
        try:
            allowed = is_allowed(ipaddress.ip_address(str(address[0]).partition("%")[0]))
        except ValueError:  # another kind of socket, or a name
            allowed = False
        if not allowed:
            self.refused = True
            raise ConnectionRefusedError(REFUSED)
        self._sockets.append(connecting.dup())  # TLS takes the socket itself away

    def end_late(self) -> None:
        """Each byte of a conversation that drips on is in time; all of them are not."""
        pause = WHOLE_SECONDS
        while not self.done.wait(pause):
            pause = AGAIN_SECONDS
            for each in list(self._sockets):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        for each in self._sockets:
            each.close()


def _guard() -> _Guard | None:
    return getattr(_here, "guard", None)


@cache
def _watch_connections() -> None:
    """An audit hook: the one place that every socket of Python passes with the address it really connects to."""
    sys.addaudithook(_look)


def _look(event: str, values: tuple[Any, ...]) -> None:
    if event == "socket.connect" and (guard := _guard()):
        guard.connects(*values)


@cache
def _shorten_answers() -> None:
    """`requests` reads an answer to its end, wherever that is: here its adapter hands over the beginning."""
    import requests.sessions
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import HTTPError

    class Brief(HTTPAdapter):
        def build_response(self, request: Any, raw: Any) -> Any:
            answer: Any = super().build_response(request, raw)
            if _guard():
                try:
                    answer._content, answer._content_consumed = raw.read(MOST_READ, decode_content=True), True
                except (HTTPError, OSError) as error:
                    raise requests.ConnectionError(type(error).__name__) from None
                finally:
                    raw.close()
            return answer

    requests.sessions.HTTPAdapter = Brief  # type: ignore[misc]
