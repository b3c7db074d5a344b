"""A program at the wire that takes webhooks: keeps what it was sent and answers as a test tells it to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from bots.services import outward, push

DISCORD = "discord://123456789012345678/abcdefghijABCDEFGHIJabcdefghijABCDEFGHIJ"
HERE = [ip_network("127.0.0.0/8")]


@dataclass
class Listener:
    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hold: threading.Event = field(default_factory=threading.Event)  # an answer ends once this is set
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)  # path, headers, body

    def url(self, host: str = "127.0.0.1", path: str = "/hook?a=1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            listener.received.append((self.path, dict(self.headers), body))
            self.send_response(listener.status)
            for name, value in {"Content-Length": str(len(listener.body)), **listener.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # who has read enough is gone
                self.wfile.write(listener.body)
            listener.hold.wait(60)

        do_GET = do_POST  # noqa: N815 - what http.server calls

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        listener.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        listener.hold.set()
        try:
            yield listener
        finally:
            listener.hold.set()
            server.shutdown()
            thread.join(10)


@pytest.fixture
def program(monkeypatch):
    """Its answers are waited for, however slow this machine is."""
    for module, name in ((outward, "CONNECT_SECONDS"), (outward, "WHOLE_SECONDS"), (push, "SECONDS")):
        monkeypatch.setattr(module, name, 120.0)
    with listening() as found:
        yield found


@pytest.fixture
def here(settings):
    settings.AUTOGRID_NOTICE_NETWORKS = HERE


@pytest.fixture
def names(monkeypatch):
    """What each name of these tests resolves to, one answer after the other; nothing asks beyond this machine."""
    answers = {}

    def look_up(host, port, *_, **__):
        try:
            found = [str(ip_address(host))]
        except ValueError:
            if host not in answers:
                raise socket.gaierror(socket.EAI_NONAME, "unknown") from None
            found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        family = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in found]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (each, port)) for kind, each in zip(family, found, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers
