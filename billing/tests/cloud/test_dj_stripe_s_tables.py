"""Our one migration of dj-stripe makes the tables that its own make, which take minutes."""

from importlib.metadata import version

from django.db import connection

from billing.tests.cloud.schema import UPSTREAM, lines

OURS = " ON DELETE SET NULL"  # see billing/migrations/_deletion.py


def test_our_tables_are_upstream_s(db):
    of_version, *upstream = UPSTREAM.read_text().splitlines()
    assert of_version == version("dj-stripe")
    assert [line.replace(OURS, "") for line in lines()] == upstream
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE djstripe_product DROP COLUMN name")
    assert [line.replace(OURS, "") for line in lines()] != upstream
