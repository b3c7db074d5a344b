"""Waiting for something slow. A process has few database connections: while it waits a request needs none."""

from typing import Any

import psycopg
from django.db import connection, connections


def release_database() -> None:
    """Gives this thread's connections back; the next query takes one again. Within a transaction it keeps them."""
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:
            each.close()


def direct_connection(**parameters: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """To the same database, beside Django's pool and its patience; the caller closes it. `parameters` are libpq's.
    Raises psycopg.OperationalError."""
    usual = connection.get_connection_params()
    for djangos_own in ("cursor_factory", "context", "prepare_threshold"):
        usual.pop(djangos_own, None)
    return psycopg.connect(**{**usual, "autocommit": True, **parameters})
