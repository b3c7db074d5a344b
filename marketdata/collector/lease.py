"""Of all collectors that run, one streams an exchange; the others stand by."""

import asyncio
from typing import Any, LiteralString

import psycopg
import structlog
from django.db import connection

log = structlog.get_logger(__name__)

HEARTBEAT = 1.0  # seconds
_PATIENCE = 5.0  # seconds until a silent database counts as lost
_TRY: LiteralString = "SELECT pg_try_advisory_lock(hashtext('marketdata.collector'), hashtext(%s))"
# The server, too, notices soon that the other host is gone, and frees the lock.
_KEEPALIVE: LiteralString = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
)


class LeaseLost(Exception):
    """Somebody else may be streaming already: stop at once."""


class CollectorLease:
    """A session advisory lock on a direct connection of its own: it ends with the process that holds it."""

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def acquire(self) -> None:
        """Returns when the lease is ours, however long that takes."""
        said = False
        while not await self._try():
            if not said:
                log.info("collector.standby", exchange=self._exchange)
                said = True
            await asyncio.sleep(HEARTBEAT)

    async def hold(self) -> None:
        """Runs until the lease is lost, then raises LeaseLost."""
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                await self._ask("SELECT 1")
            except (psycopg.Error, OSError, TimeoutError) as error:
                raise LeaseLost(type(error).__name__) from None

    async def release(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _try(self) -> bool:
        try:
            if self._connection is None:
                self._connection = await psycopg.AsyncConnection.connect(**_direct(), autocommit=True)
                await self._connection.execute(_KEEPALIVE)
            return bool(await self._ask(_TRY, self._exchange))
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("collector.database_away", error=type(error).__name__)
            await self.release()
            return False

    async def _ask(self, question: LiteralString, *args: str) -> Any:
        if self._connection is None:
            raise LeaseLost("no connection")
        async with asyncio.timeout(_PATIENCE):
            cursor = await self._connection.execute(question, args)
            row = await cursor.fetchone()
        return row and row[0]


def _direct() -> dict[str, Any]:
    """Django's connection settings less what is Django's own: no pool, a plain session."""
    params = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(name, None)
    return params | {"connect_timeout": 5, "tcp_user_timeout": 5000, "application_name": "autogrid collector"}
