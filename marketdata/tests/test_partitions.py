from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, migrations
from django.db.migrations.executor import MigrationExecutor

from marketdata.partitions import ensure_month, month_of, partition_by_month
from marketdata.selectors import candles
from marketdata.services import store_candles
from marketdata.tests.market import MINUTE, candle

MARKET: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT"}


def partitions(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(%s)", [table]
        )
        return sorted(name for (name,) in cursor.fetchall())


def ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc]


def test_a_month_begins_in_utc_whatever_the_zone_of_the_moment() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert month_of(datetime(2025, 1, 1, 8, 59, tzinfo=tokyo)) == datetime(2024, 12, 1, tzinfo=UTC)
    assert month_of(datetime(2025, 1, 1, 9, 0, tzinfo=tokyo)) == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.django_db
def test_candles_across_the_years_border_go_into_their_months() -> None:
    border = ms(2031 - 10, 1, 1)  # 2021-01-01
    store_candles(**MARKET, candles=[candle(border - MINUTE), candle(border)])
    assert {"ohlcv_2020_12", "ohlcv_2021_01"} <= set(partitions("ohlcv"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM ohlcv ORDER BY time")
        assert [name for (name,) in cursor.fetchall()] == ["ohlcv_2020_12", "ohlcv_2021_01"]
    (day_before, day_after) = candles(**MARKET, timeframe="1d")
    assert (day_before.time, day_after.time) == (ms(2020, 12, 31), border)


@pytest.mark.django_db
def test_making_a_month_again_changes_nothing() -> None:
    for _ in range(2):
        ensure_month("ohlcv", datetime(2015, 2, 28, tzinfo=UTC))
    assert partitions("ohlcv").count("ohlcv_2015_02") == 1


@pytest.mark.django_db
def test_without_its_month_an_insert_fails_rather_than_hide_in_a_default_partition() -> None:
    row = "INSERT INTO ohlcv VALUES ('1999-01-01Z', 'x', 'y', '1m', 1, 1, 1, 1, 1)"
    with connection.cursor() as cursor, pytest.raises(IntegrityError):
        cursor.execute(row)


@pytest.fixture
def child_table(transactional_db: None) -> Iterator[str]:
    """A table as bots' equity_snapshots is: composite key, a foreign key, an index."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE parents (id bigint PRIMARY KEY)")
        cursor.execute(
            "CREATE TABLE children (parent bigint REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED,"
            " time timestamptz, PRIMARY KEY (parent, time))"
        )
        cursor.execute("CREATE INDEX children_time ON children (time)")
    with connection.schema_editor() as editor:
        operation = partition_by_month("children")
        assert isinstance(operation, migrations.RunPython)
        operation.code(MigrationExecutor(connection).loader.project_state().apps, editor)
    yield "children"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE children, parents")


def run_at_once(threads: int, work: Any) -> None:
    gate = Barrier(threads)

    def together() -> None:
        try:
            gate.wait(60)
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        for job in [pool.submit(together) for _ in range(threads)]:
            job.result(120)


def test_a_table_with_foreign_keys_is_partitioned_and_keeps_them(child_table: str) -> None:
    ensure_month(child_table, datetime(2024, 12, 31, 23, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO parents VALUES (1)")
        cursor.execute("INSERT INTO children VALUES (1, '2024-12-31 23:59:59.999Z')")
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("INSERT INTO children VALUES (2, '2024-12-31Z')")


def test_many_who_need_the_same_month_at_once_all_get_it(child_table: str) -> None:
    run_at_once(8, lambda: ensure_month(child_table, datetime(2024, 3, 1, tzinfo=UTC)))
    assert partitions(child_table) == ["children_2024_03"]


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_new_month_at_once_both_arrive() -> None:
    start = ms(2013, 5, 31, 23, 30)
    given = [candle(start + step * MINUTE) for step in range(60)]
    run_at_once(4, lambda: store_candles(**MARKET, candles=given))
    assert candles(**MARKET, timeframe="1m") == given
