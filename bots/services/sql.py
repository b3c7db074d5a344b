"""Several statements in one round trip. The order protocol's writes stand between a fill and its counter order, for a
thousand bots in one process: the ORM's one round trip and half a millisecond of Python per row are too much there."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

import psycopg
from django.db import connection
from django.db.models import JSONField, Model
from psycopg.types.json import Jsonb

M = TypeVar("M", bound=Model)
Statement = tuple[str, Sequence[Any]]
Row = tuple[Any, ...]


def round_trip(*statements: Statement, last: bool = False) -> list[list[Row]]:
    """Runs the statements one after the other in the transaction that is open, sent all at once; the rows of each.
    Each sees what was committed before it began: after a row was waited for, the next one reads it as it is.

    The `last` ones of a transaction take its commit along: nothing that may fail must follow them."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw = connection.connection
        with raw.pipeline():
            cursors = [psycopg.Cursor(raw).execute(text, values) for text, values in statements]
            if last and connection.in_atomic_block and not connection.savepoint_ids:
                raw.commit()  # Django's own commit then finds nothing to do
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


@cache
def columns(model: type[Model]) -> str:
    return ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)


@cache
def select(model: type[Model]) -> str:
    """`SELECT` with all columns, up to the WHERE, for `made`."""
    return f'SELECT {columns(model)} FROM "{model._meta.db_table}"'  # noqa: S608 - names of our own models


@cache
def _json_columns(model: type[Model]) -> list[int]:
    return [n for n, field in enumerate(model._meta.concrete_fields) if isinstance(field, JSONField)]


def made(model: type[M], rows: Iterable[Row]) -> M | None:
    """The first of the rows that `select` has read as a model."""
    for row in rows:
        values = list(row)
        for number in _json_columns(model):
            values[number] = json.loads(values[number])  # Django has psycopg leave JSON as text
        return model(*values)
    return None


@cache
def _insert(model: type[Model], count: int) -> str:
    marks = ", ".join(["%s"] * len(model._meta.concrete_fields))
    rows = ", ".join([f"({marks})"] * count)
    return f'INSERT INTO "{model._meta.db_table}" ({columns(model)}) VALUES {rows}'  # noqa: S608


def insert(*rows: Model) -> Statement:
    """Of one model; what only Django's `save` fills in must be there."""
    model = type(rows[0])
    names = [field.attname for field in model._meta.concrete_fields]
    return _insert(model, len(rows)), [_value(row, name) for row in rows for name in names]


def _value(row: Model, name: str) -> Any:
    value = getattr(row, name)
    return Jsonb(value) if isinstance(value, dict) else value


@cache
def _update(model: type[Model], names: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{name}" = %s' for name in names)
    return f'UPDATE "{model._meta.db_table}" SET {sets} WHERE id = %s'  # noqa: S608


def update(row: Model, *names: str) -> Statement:
    """Writes these columns of the row with its id."""
    return _update(type(row), names), [*(_value(row, name) for name in names), row.pk]
