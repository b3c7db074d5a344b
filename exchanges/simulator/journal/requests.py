import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

import orjson

SCHEMA = """
CREATE TABLE IF NOT EXISTS received (
  id INTEGER PRIMARY KEY, time INTEGER, api_key TEXT, method TEXT, path TEXT, client_id TEXT, parameters TEXT,
  status INTEGER, answer TEXT, fault TEXT);
CREATE INDEX IF NOT EXISTS received_of ON received (api_key, id);
"""

CLIENT_ID_FIELDS = ("origClientOrderId", "newClientOrderId", "orderLinkId", "clOrdId")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    time: int
    api_key: str
    method: str
    path: str
    parameters: dict[str, str]  # without the signature

    @property
    def client_id(self) -> str:
        """Of the order that it is about."""
        return next(filter(None, map(self.parameters.get, CLIENT_ID_FIELDS)), "")


class RequestTable:
    """Every order request that reached the exchange, with what the exchange answered (nothing yet, or for ever: None)
    and the fault that struck: then the client may have heard something else, or nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def receive(self, request: OrderRequest) -> int:
        """Written before it is looked at; the answer is its number."""
        values = asdict(request) | {
            "client_id": request.client_id,
            "parameters": orjson.dumps(request.parameters).decode(),
        }
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        done = self._db.execute(f"INSERT INTO received ({names}) VALUES ({marks})", values)  # noqa: S608
        return int(done.lastrowid or 0)

    def answered(self, number: int, status: int, answer: str) -> None:
        """`answer` is JSON."""
        self._db.execute("UPDATE received SET status = ?, answer = ? WHERE id = ?", (status, answer, number))

    def struck(self, number: int, fault: str) -> None:
        self._db.execute("UPDATE received SET fault = ? WHERE id = ?", (fault, number))

    def of(self, api_key: str) -> list[dict[str, Any]]:
        rows = self._db.execute(
            "SELECT time, method, path, client_id, parameters, status, answer, fault FROM received"
            " WHERE api_key = ? ORDER BY id",
            (api_key,),
        )
        return [
            {
                "time": time,
                "method": method,
                "path": path,
                "clientOrderId": client_id,
                "parameters": orjson.loads(parameters),
                "status": status,
                "answer": None if answer is None else orjson.loads(answer),
                "fault": fault,
            }
            for time, method, path, client_id, parameters, status, answer, fault in rows
        ]
