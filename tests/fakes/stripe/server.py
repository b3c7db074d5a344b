"""The HTTP side: the API under /v1, the pages, and the control that only tests and the demo use."""

import copy
import json
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.stripe import checkout, clock, invoices, pages, portal, webhooks
from tests.fakes.stripe.books import Books, Refused
from tests.fakes.stripe.forms import decoded
from tests.fakes.stripe.routes import answer
from tests.fakes.stripe.webhooks import Delivery

LOOPBACK = "127.0.0.1"


class FakeStripe:
    """Listens on loopback from its making on. `sending` starts the thread that delivers webhooks; without it tests take
    them from `delivery`."""

    def __init__(self, port: int = 0, sending: bool = False, state: Path | None = None) -> None:
        self.books, self.state = Books(), state
        if state and state.exists():
            self.books.load(state.read_text())
        self.delivery = Delivery(self.books)
        self.requests: list[tuple[str, str]] = []
        self.fail_next: list[int] = []  # statuses that the next requests are answered with
        self._server = _Server((LOOPBACK, port), _Handler)
        self._server.fake = self
        self.url = self.books.base_url = f"http://{LOOPBACK}:{self._server.server_port}"
        self._threads = [Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)]
        self._threads += [Thread(target=self.delivery.run, daemon=True)] if sending else []
        for thread in self._threads:
            thread.start()

    def send_to(self, url: str, secret: str) -> None:
        """All events to this one address."""
        with self.books.lock:
            for old in self.books.all("webhook_endpoint"):
                del self.books.objects[old["id"]]
            made = webhooks.create(self.books, {"url": url})
            self.books.hidden[made["id"]] = secret

    def save(self) -> None:
        """Before what has changed is answered, whole, so that a restart goes on where this ended."""
        with self.books.lock:
            if self.state and self.books.is_changed:
                draft = self.state.with_suffix(".new")
                draft.touch(mode=0o600)
                draft.write_text(self.books.dump())
                draft.replace(self.state)

    def close(self) -> None:
        self.delivery.end()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(10)
        self.save()

    def call(self, method: str, path: str, key: str, params: dict[str, Any]) -> tuple[int, Any]:
        """The API's answer. The same idempotency key has the same answer."""
        with self.books.lock:
            self.requests.append((method, path))
            if self.fail_next:
                return self.fail_next.pop(0), {"error": {"type": "api_error", "message": "Told to fail."}}
            if key and key in self.books.answers:
                return 200, self.books.answers[key]
            clock.catch_up(self.books)
            try:
                found = copy.deepcopy(answer(self.books, method, path, params))
            except Refused as refused:
                return refused.status, refused.body
            except (KeyError, ValueError) as error:
                return 400, {"error": {"type": "invalid_request_error", "message": f"Bad parameter: {error}"}}
            if key:
                self.books.answers[key] = found
            return 200, found

    def page(self, method: str, path: str, form: dict[str, str]) -> tuple[int, str]:
        """(200, HTML) or (303, address). What a card refuses is told on the page."""
        kind, _, number = path.strip("/").partition("/")
        with self.books.lock:
            clock.catch_up(self.books)
            if kind == "portal":
                return self._portal(number, form if method == "POST" else None)
            if kind == "checkout":
                return self._checkout(number, form if method == "POST" else None)
            invoice = self.books.get("invoice", number)
            words = f"<p>{invoice['number']}: {pages.money(invoice['total'])}, {invoice['status']}</p>"
            return 200, pages.page("Invoice", words)

    def _checkout(self, number: str, form: dict[str, str] | None) -> tuple[int, str]:
        session = self.books.get("checkout.session", number)
        if form is None:
            return 200, pages.checkout_page(self.books, session)
        try:
            if form.get("bank") == "fail":
                raise checkout.failed_authentication()
            onward = checkout.pay(self.books, session, form["number"], form.get("bank") == "complete")
        except Refused as refused:
            return 200, pages.checkout_page(self.books, session, str(refused))
        return (200, pages.authentication_page(form["number"])) if onward == "3ds" else (303, onward)

    def _portal(self, number: str, form: dict[str, str] | None) -> tuple[int, str]:
        session = self.books.get("billing_portal.session", number)
        if form is None:
            return 200, pages.portal_page(self.books, session)
        try:
            portal.act(self.books, session, form)
        except Refused as refused:
            return 200, pages.portal_page(self.books, session, str(refused))
        return 303, session["url"]

    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """GET /control/clock; POST it {"seconds"}; /control/delivery {"held", "twice", "shuffled", "delay"};
        /control/refund and /control/dispute {"charge"}."""
        with self.books.lock:
            if path == "/control/clock":
                clock.advance(self.books, int(body.get("seconds", 0)))
            elif path == "/control/delivery":
                self.delivery.release(**{name: body[name] for name in _DELIVERY & set(body)})
            elif path == "/control/refund":
                invoices.refund(self.books, body["charge"])
            elif path == "/control/dispute":
                invoices.dispute(self.books, body["charge"])
            return {"now": self.books.now, "waiting": len(self.delivery.waiting)}


_DELIVERY = {"held", "twice", "shuffled", "delay"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: FakeStripe


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silent: bodies hold card numbers."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        if self.headers.get("Host", "").partition(":")[0] not in {LOOPBACK, "localhost"}:
            self._json(403, {"error": {"message": "Only this machine is served."}})
            return
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        try:
            if address.path.startswith("/v1/"):
                self._json(*self._api(method, address.path, body or address.query))
            elif address.path.startswith("/control/"):
                self._json(200, self.server.fake.control(address.path, json.loads(body or "{}")))
            else:
                self._page(*self.server.fake.page(method, address.path, dict(parse_qsl(body))))
        except Refused as refused:
            self._json(refused.status, refused.body)

    def _api(self, method: str, path: str, text: str) -> tuple[int, Any]:
        if not self.headers.get("Authorization", "").startswith("Bearer sk_test_"):
            error = {"type": "invalid_request_error", "message": "Invalid API Key provided"}
            return 401, {"error": error}
        return self.server.fake.call(method, path, self.headers.get("Idempotency-Key", ""), decoded(text))

    def _json(self, status: int, answered: Any) -> None:
        self._answer(status, json.dumps(answered).encode(), "application/json")

    def _page(self, status: int, text: str) -> None:
        if status == 303:
            self._answer(303, b"", "text/html", text)
        else:
            self._answer(status, text.encode(), "text/html; charset=utf-8")

    def _answer(self, status: int, body: bytes, kind: str, location: str = "") -> None:
        self.server.fake.save()
        self.send_response_only(status)
        # Stripe's own time: it moves with the clock.
        self.send_header("Date", formatdate(self.server.fake.books.now, usegmt=True))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)
