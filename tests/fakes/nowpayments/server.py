"""The HTTP side: the API under /v1, and the page on which an invoice is paid."""

import json
from decimal import Decimal
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.error import URLError
from urllib.parse import SplitResult, parse_qsl, urlsplit
from urllib.request import Request, urlopen

from tests.fakes.nowpayments.books import Books, Refused

LOOPBACK = "127.0.0.1"
TRIES = 60
TOKEN = "fake-token"
WAYS = {
    "pay": ("Pay all of it", "1"),
    "less": ("Pay 60 % of it", "0.6"),
    "more": ("Pay 150 % of it", "1.5"),
    "expire": ("Let it expire", ""),
    "refund": ("Send it back", ""),
}


class FakeNowPayments:
    """Listens on loopback from its making on. `sending` starts the thread that tells of payments; without it tests take
    what is told from `books`."""

    def __init__(self, secret: str, port: int = 0, sending: bool = False, state: Path | None = None) -> None:
        self.books, self.state = Books(secret), state
        if state and state.exists():
            self.books.load(state.read_text())
        self.fail_next = 0  # so many requests are answered with 500
        self._ended = Event()
        self._server = _Server((LOOPBACK, port), _Handler)
        self._server.fake = self
        self.url = self.books.base_url = f"http://{LOOPBACK}:{self._server.server_port}"
        self._threads = [Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)]
        self._threads += [Thread(target=self._send, daemon=True)] if sending else []
        for thread in self._threads:
            thread.start()

    def save(self) -> None:
        """After each change, whole, so that a restart goes on where this ended."""
        if self.state:
            with self.books.lock:
                draft = self.state.with_suffix(".new")
                draft.write_text(self.books.dump())
                draft.replace(self.state)

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(10)

    def _send(self) -> None:
        while not self._ended.wait(0.2):
            with self.books.lock:
                messages = self.books.take()
            for url, body, headers in messages:
                self._post(Request(url, body, {**headers, "Content-Type": "application/json"}))
            if messages:
                self.save()

    def _post(self, request: Request) -> None:
        for _ in range(TRIES):
            try:
                with urlopen(request, timeout=10):
                    return
            except (OSError, URLError):
                if self._ended.wait(1):
                    return

    def call(self, method: str, path: str, query: str, body: str, token: str) -> tuple[int, Any]:
        with self.books.lock:
            if self.fail_next:
                self.fail_next -= 1
                return 500, {"statusCode": 500, "code": "INTERNAL_ERROR", "message": "Told to fail."}
            try:
                if (method, path) == ("POST", "/v1/invoice"):
                    return 200, self.books.create_invoice(json.loads(body))
                if (method, path) == ("POST", "/v1/auth"):
                    return 200, {"token": TOKEN}
                if (method, path) == ("GET", "/v1/payment/"):
                    if token != f"Bearer {TOKEN}":
                        return 401, {"statusCode": 401, "code": "AUTH_REQUIRED", "message": "Unauthorized"}
                    return 200, self.books.listed(dict(parse_qsl(query)))
                if method == "GET" and path.startswith("/v1/payment/"):
                    return 200, self.books.payment(path.rpartition("/")[2])
            except Refused as refused:
                return refused.status, refused.body
            return 404, {"statusCode": 404, "code": "NOT_FOUND", "message": "No such path."}

    def act(self, invoice: str, way: str) -> None:
        """What the page's buttons do."""
        with self.books.lock:
            number = int(invoice)
            begun = [each for each in self.books.payments.values() if each["invoice_id"] == number]
            payment = begun[-1] if begun else self.books.begin(invoice)
            share = WAYS[way][1]
            if share:
                self.books.pay(payment, share)
            else:
                self.books.move(payment, {"expire": "expired", "refund": "refunded"}[way])

    def page(self, invoice: str) -> str:
        row = self.books.invoices[invoice]
        buttons = "".join(
            f'<p><button name="do" value="{do}">{words}</button>' for do, (words, _) in WAYS.items()
        )
        price = f"${Decimal(row['price_amount']):,.2f}"
        back = f'<p><a href="{escape(row["success_url"] or "/")}">Return to AutoGrid</a>'
        note = "<p><small>A stand-in for NOWPayments: no coin moves.</small>"
        head = (
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Payment</title>'
        )
        words = f"<h1>Payment</h1><p>{escape(row['order_description'] or '')}: {price}"
        body = f'{words}<form method="post">{buttons}</form>{back}{note}'
        return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: FakeNowPayments


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._find(method, address, body)

    def _find(self, method: str, address: SplitResult, body: str) -> None:
        if address.path.startswith("/v1/"):
            self._api(method, address, body)
            return
        invoice = dict(parse_qsl(address.query)).get("iid", "")
        if invoice not in self.server.fake.books.invoices:
            self._answer(404, b"", "text/html")
            return
        if method == "POST":
            self.server.fake.act(invoice, dict(parse_qsl(body)).get("do", ""))
            self.server.fake.save()
        self._answer(200, self.server.fake.page(invoice).encode(), "text/html; charset=utf-8")

    def _api(self, method: str, address: SplitResult, body: str) -> None:
        if not self.headers.get("x-api-key"):
            status, found = 403, {"statusCode": 403, "code": "INVALID_API_KEY", "message": "Invalid api key"}
        else:
            token = self.headers.get("Authorization", "")
            status, found = self.server.fake.call(method, address.path, address.query, body, token)
            self.server.fake.save()
        self._answer(status, json.dumps(found).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
