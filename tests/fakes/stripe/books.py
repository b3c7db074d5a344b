"""Everything Stripe would remember of one account: its objects, its clock, and the events that tell of changes."""

import copy
import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
API_VERSION = "2026-05-27.dahlia"


class Refused(Exception):
    """An error as Stripe answers it."""

    def __init__(self, status: int, kind: str, message: str, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.status = status
        named = {"code": code, "param": param}
        self.body = {"error": {"type": kind, "message": message, **{k: v for k, v in named.items() if v}}}


def invalid(message: str, param: str = "", code: str = "") -> Refused:
    return Refused(400, "invalid_request_error", message, code, param)


class Books:
    """Touch it under `lock` alone."""

    def __init__(self, base_url: str = "", now: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.base_url = base_url
        self.ahead = 0  # seconds that the clock was moved
        self.objects: dict[str, Object] = {}
        self.hidden: dict[str, Any] = {}  # what Stripe knows and does not tell: card numbers, what is planned
        self.answers: dict[str, Object] = {}  # by idempotency key
        self.is_changed = False  # since `dump`
        self.tell: Callable[[Object], None] = lambda event: None
        self._wall = now
        self._numbers = itertools.count(1)
        self.account = self.add("account", "acct", email="operator@example.org", charges_enabled=True)

    def dump(self) -> str:
        kept = {"objects": self.objects, "hidden": self.hidden, "ahead": self.ahead, "answers": self.answers}
        self.is_changed = False
        return json.dumps({**kept, "account": self.account["id"], "number": next(self._numbers)})

    def load(self, text: str) -> None:
        kept = json.loads(text)
        self.objects, self.hidden, self.ahead = kept["objects"], kept["hidden"], kept["ahead"]
        self.answers = kept.get("answers", {})
        self.account, self._numbers = self.objects[kept["account"]], itertools.count(kept["number"] + 1)

    @property
    def now(self) -> int:
        return int(self._wall()) + self.ahead

    def add(self, kind: str, prefix: str, **fields: Any) -> Object:
        number = f"{prefix}_{next(self._numbers):014d}"
        row = {"id": number, "object": kind, "created": self.now, "livemode": False, "metadata": {}, **fields}
        self.objects[number] = row
        self.is_changed = True
        return row

    def get(self, kind: str, number: str) -> Object:
        row = self.objects.get(number)
        if row is None or row["object"] != kind or row.get("deleted"):
            message = f"No such {kind}: '{number}'"
            raise Refused(404, "invalid_request_error", message, "resource_missing", "id")
        return row

    def all(self, kind: str, **wanted: Any) -> list[Object]:
        """The newest first, as Stripe lists them; a wanted None is not looked at."""
        conditions = {name: value for name, value in wanted.items() if value is not None}
        rows = [row for row in self.objects.values() if row["object"] == kind]
        rows = [row for row in rows if all(row.get(name) == value for name, value in conditions.items())]
        return rows[::-1]

    def happened(self, what: str, row: Object, before: Object | None = None) -> None:
        """An event with the object as it is now."""
        data: Object = {"object": copy.deepcopy(row)}
        if before is not None:
            data["previous_attributes"] = {k: v for k, v in before.items() if row.get(k) != v}
        request = {"id": None, "idempotency_key": None}
        self.tell(
            self.add(
                "event",
                "evt",
                type=what,
                api_version=API_VERSION,
                data=data,
                pending_webhooks=1,
                request=request,
            )
        )

    def change(self, what: str, row: Object, **fields: Any) -> Object:
        before = copy.deepcopy(row)
        row.update(fields)
        self.happened(what, row, before)
        return row


def page_of(rows: list[Object], url: str, limit: int = 10, after: str = "") -> Object:
    """A list as Stripe answers it."""
    if after:
        ids = [row["id"] for row in rows]
        rows = rows[ids.index(after) + 1 :] if after in ids else []
    return {"object": "list", "url": url, "has_more": len(rows) > limit, "data": rows[:limit]}
