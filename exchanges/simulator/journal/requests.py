import sqlite3
from typing import Any

import orjson

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY, time INTEGER, api_key TEXT, method TEXT, path TEXT, client_id TEXT, parameters TEXT,
  status INTEGER, answer TEXT);
CREATE INDEX IF NOT EXISTS requests_of ON requests (api_key, id);
"""


class RequestTable:
    """Every order request that reached the exchange, with what it was answered."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def save(
        self,
        time: int,
        api_key: str,
        method: str,
        path: str,
        parameters: dict[str, str],
        status: int,
        answer: bytes,
    ) -> None:
        client_id = parameters.get("newClientOrderId") or parameters.get("origClientOrderId") or ""
        values = (
            time,
            api_key,
            method,
            path,
            client_id,
            orjson.dumps(parameters).decode(),
            status,
            answer.decode(),
        )
        self._db.execute(
            "INSERT INTO requests (time, api_key, method, path, client_id, parameters, status, answer)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    def of(self, api_key: str) -> list[dict[str, Any]]:
        rows = self._db.execute(
            "SELECT time, method, path, client_id, parameters, status, answer FROM requests WHERE api_key = ? ORDER BY id",
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
