"""Tables that grow by time: a TimescaleDB hypertable where the server offers it, else one partition a month.

In the migration that creates the table, right after its CreateModel:

    operations = [migrations.CreateModel(...), partitions.partition_by_month("ohlcv")]

and before every insert, outside any transaction that already wrote something:

    partitions.ensure_month("ohlcv", when)

There is no DEFAULT partition on purpose: rows that once fell into it would forbid adding their month later,
and every new month would have to scan it under an exclusive lock. A missing month is an error at the insert
instead.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, migrations, transaction
from psycopg import sql

_HAS_TIMESCALE = "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
_FOREIGN_KEYS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = to_regclass(%s) AND contype = 'f' ORDER BY conname
"""
# Two columns: is the table partitioned (a hypertable is not), and does the partition exist?
_STATE = "SELECT relkind = 'p', to_regclass(%s) IS NOT NULL FROM pg_class WHERE oid = to_regclass(%s)"


def partition_by_month(table: str, column: str = "time") -> migrations.RunPython:
    """Turns the still empty `table` into a hypertable or a monthly partitioned table. Its primary key must
    hold
    `column`. Nothing changes for Django's state, so `makemigrations` sees nothing."""

    def forwards(_apps: Any, schema_editor: Any) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(_HAS_TIMESCALE)
            if cursor.fetchone():
                _to_hypertable(cursor, table, column)
            else:
                _to_partitioned(cursor, table, column)

    return migrations.RunPython(forwards, migrations.RunPython.noop)


def _to_hypertable(cursor: Any, table: str, column: str) -> None:
    cursor.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    cursor.execute(
        "SELECT create_hypertable(%s, %s,"
        " chunk_time_interval => interval '30 days', create_default_indexes => false)",
        [table, column],
    )


def _to_partitioned(cursor: Any, table: str, column: str) -> None:
    """Postgres cannot turn a plain table into a partitioned one: a twin takes its place. LIKE copies all but
    foreign keys."""
    names = {
        "new": sql.Identifier(table),
        "old": sql.Identifier(f"{table}_plain"),
        "by": sql.Identifier(column),
    }
    cursor.execute(_FOREIGN_KEYS, [table])
    foreign_keys = cursor.fetchall()
    for statement in (
        "ALTER TABLE {new} RENAME TO {old}",
        "CREATE TABLE {new} (LIKE {old} INCLUDING ALL) PARTITION BY RANGE ({by})",
        "DROP TABLE {old}",
    ):
        cursor.execute(sql.SQL(statement).format(**names))
    for name, definition in foreign_keys:
        add = sql.SQL("ALTER TABLE {new} ADD CONSTRAINT {name} ").format(name=sql.Identifier(name), **names)
        cursor.execute(add + sql.SQL(definition))


def month_of(when: datetime) -> datetime:
    """The first instant, in UTC, of the month `when` lies in."""
    return when.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def ensure_month(table: str, when: datetime) -> None:
    """Makes the partition of the month of `when` (aware) unless it exists: one cheap query when it does. Safe
    against others doing the same. Does nothing on a hypertable."""
    start = month_of(when)
    partition = f"{table}_{start:%Y_%m}"
    if _exists(table, partition):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('partitions'), hashtext(%s))", [table])
        if not _exists(table, partition):
            _create(cursor, table, partition, start)


def _exists(table: str, partition: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [partition, table])
        partitioned, exists = cursor.fetchone()
    return exists or not partitioned


def _create(cursor: Any, table: str, partition: str, start: datetime) -> None:
    """Made apart and then attached: that lets readers and writers of the table go on, where CREATE TABLE ...
    PARTITION OF would lock them out."""
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    names = {"table": sql.Identifier(table), "partition": sql.Identifier(partition)}
    cursor.execute(sql.SQL("CREATE TABLE {partition} (LIKE {table} INCLUDING ALL)").format(**names))
    attach = "ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({start}) TO ({end})"
    bounds = {"start": sql.Literal(start.isoformat()), "end": sql.Literal(end.isoformat())}
    cursor.execute(sql.SQL(attach).format(**names, **bounds))
