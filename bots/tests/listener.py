"""A program at the wire that takes webhooks: keeps what it was sent and answers as a test tells it to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Listener:
    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
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
            self.wfile.write(listener.body)

        do_GET = do_POST  # noqa: N815 - what http.server calls

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        listener.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join(10)
