"""Waiting for something slow. A process has few database connections: while it waits a request needs none."""

from django.db import connections


def release_database() -> None:
    """Gives this thread's connections back; the next query takes one again. Within a transaction it keeps them."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
