"""dj-stripe's tables as the database knows them, a line each for columns, indexes and constraints.

`python -m billing.tests.cloud.schema` writes down what upstream's own migrations make of an empty database
(DATABASE_URL); they take minutes, so that the test compares with that file.
"""

import os
import re
from importlib.metadata import version
from pathlib import Path

UPSTREAM = Path(__file__).with_name("djstripe_schema.txt")
COLUMNS = """
    SELECT format('%s.%s %s%s', c.relname, attname, format_type(atttypid, atttypmod),
                  CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE c.relkind = 'r' AND c.relname LIKE 'djstripe\\_%' AND attnum > 0 AND NOT attisdropped
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'djstripe\\_%'"
CONSTRAINTS = """
    SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid::regclass::text LIKE 'djstripe\\_%'
"""


def lines() -> list[str]:
    """Sorted and without names of indexes, which tell of history alone."""
    from django.db import connection

    with connection.cursor() as cursor:
        found = []
        for query in (COLUMNS, INDEXES, CONSTRAINTS):
            cursor.execute(query)
            found += [re.sub(r"INDEX \S+ ON public\.", "INDEX ON ", line) for (line,) in cursor.fetchall()]
    return sorted(found)


def main() -> None:
    os.environ["AUTOGRID_DEPLOYMENT"] = "cloud"
    import django
    from django.conf import settings

    settings.MIGRATION_MODULES = {}
    django.setup()
    from django.core.management import call_command

    call_command("migrate", "djstripe", verbosity=0)
    UPSTREAM.write_text("\n".join([version("dj-stripe"), *lines(), ""]))


if __name__ == "__main__":
    main()
