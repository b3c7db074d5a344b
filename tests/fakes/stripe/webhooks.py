"""Webhooks: endpoints, signatures as Stripe writes them, and their delivery: in order, or late, twice and shuffled."""

import hashlib
import hmac
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.fakes.stripe.books import API_VERSION, Books, Object

RETRY = 1.0  # seconds; Stripe itself waits for hours
TRIES = 60
Message = tuple[str, bytes, dict[str, str]]  # address, body, headers


def create(books: Books, params: dict[str, Any]) -> Object:
    made = {"url": params["url"], "enabled_events": params.get("enabled_events", ["*"]), "status": "enabled"}
    row = books.add("webhook_endpoint", "we", api_version=API_VERSION, **made)
    books.hidden[row["id"]] = f"whsec_{hashlib.sha256(row['id'].encode()).hexdigest()}"
    return {**row, "secret": books.hidden[row["id"]]}


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """https://docs.stripe.com/webhooks#verify-manually"""
    signed = f"{timestamp}.".encode() + body
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Delivery:
    """Holds what was not sent yet; `run` in a thread of its own sends it: `twice`, `shuffled`, or not while `held`."""

    def __init__(self, books: Books, seed: int = 1) -> None:
        self.books, self.held, self.twice, self.shuffled, self.delay = books, False, False, False, 0.0
        self.waiting = [_copy(row) for row in books.all("event", pending_webhooks=1)[::-1]]
        self._random = random.Random(seed)
        self._news = threading.Condition()
        self._ended = False
        books.tell = self._tell

    def _tell(self, event: Object) -> None:
        with self._news:
            self.waiting.append(_copy(event))
            self._news.notify()

    def messages(self, event: Object, timestamp: int | None = None) -> list[Message]:
        """One for each endpoint that wants it, signed now."""
        body = json.dumps(event).encode()
        now = int(time.time()) if timestamp is None else timestamp
        made = []
        for endpoint in self.books.all("webhook_endpoint"):
            if {"*", event["type"]} & set(endpoint["enabled_events"]):
                headers = {"Content-Type": "application/json; charset=utf-8"}
                headers["Stripe-Signature"] = signature(self.books.hidden[endpoint["id"]], body, now)
                made.append((endpoint["url"], body, headers))
        return made

    def take(self) -> list[Object]:
        """Everything that waits, for tests that deliver by hand."""
        with self._news:
            taken, self.waiting = self.waiting, []
        return taken

    def run(self, send: Callable[[Message], bool] | None = None) -> None:
        post = send or _post
        while (event := self._next()) is not None:
            time.sleep(self.delay)
            with self.books.lock:
                messages = self.messages(event)
            sent = [self._send(post, message) for message in messages * (2 if self.twice else 1)]
            if all(sent):
                self._note_sent(event)

    def _next(self) -> Object | None:
        with self._news:
            while not self._ended and (self.held or not self.waiting):
                self._news.wait(1)
            if self._ended:
                return None
            place = self._random.randrange(len(self.waiting)) if self.shuffled else 0
            return self.waiting.pop(place)

    def _send(self, post: Callable[[Message], bool], message: Message) -> bool:
        for _ in range(TRIES):
            if self._ended:
                break
            if post(message):
                return True
            time.sleep(RETRY)
        return False

    def _note_sent(self, event: Object) -> None:
        """What was not sent comes again after a restart."""
        with self.books.lock:
            self.books.objects[event["id"]]["pending_webhooks"] = 0
            self.books.is_changed = True

    def release(self, **how: Any) -> None:
        with self._news:
            for name, value in how.items():
                setattr(self, name, value)
            self._news.notify_all()

    def end(self) -> None:
        with self._news:
            self._ended = True
            self._news.notify_all()


def _copy(event: Object) -> Object:
    """As it is now."""
    copied: Object = json.loads(json.dumps(event))
    return copied


def _post(message: Message) -> bool:
    url, body, headers = message
    request = urllib.request.Request(url, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return bool(200 <= reply.status < 300)
    except (OSError, urllib.error.URLError):
        return False
