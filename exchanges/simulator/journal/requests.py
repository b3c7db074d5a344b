import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

import orjson

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY, time INTEGER, api_key TEXT, method TEXT, path TEXT, client_id TEXT, parameters TEXT,
  status INTEGER, answer TEXT);
CREATE INDEX IF NOT EXISTS requests_of ON requests (api_key, id);
"""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    time: int
    api_key: str
    method: str
    path: str
    parameters: dict[str, str]  # without the signature
    status: int
    answer: str  # JSON

    @property
    def client_id(self) -> str:
        """Of the order that it is about."""
        return self.parameters.get("origClientOrderId") or self.parameters.get("newClientOrderId") or ""


class RequestTable:
    """Every order request that reached the exchange, with what it was answered."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def save(self, request: OrderRequest) -> None:
        values = asdict(request) | {
            "client_id": request.client_id,
            "parameters": orjson.dumps(request.parameters).decode(),
        }
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        self._db.execute(f"INSERT INTO requests ({names}) VALUES ({marks})", values)  # noqa: S608

    def of(self, api_key: str) -> list[dict[str, Any]]:
        rows = self._db.execute(
            "SELECT time, method, path, client_id, parameters, status, answer FROM requests"
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
                "answer": orjson.loads(answer),
            }
            for time, method, path, client_id, parameters, status, answer in rows
        ]
