"""Before the other processes start: the database's tables and the pages' static files."""

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Django is loaded only where something changed: at every other start all processes wait for this one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.production")
    home = Path(os.environ.get("AUTOGRID_HOME", ROOT / ".autogrid"))
    mark, url = home / "staticfiles" / ".prepared", os.environ["DATABASE_URL"]
    if mark.exists() and mark.read_text() == state(ROOT, url):
        sys.stdout.write("Nothing to prepare: the tables and the static files are those of this version.\n")
        return
    migrate_and_collect()
    mark.write_text(state(ROOT, url))


def migrate_and_collect() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    forget_the_cloud()
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)


def forget_the_cloud() -> None:
    """Periodic tasks that only the cloud's workers know stay in the database when it goes back to self-hosted."""
    from django.apps import apps
    from django_celery_beat.models import PeriodicTask

    if not apps.is_installed("billing"):
        PeriodicTask.objects.filter(task__startswith="billing.").delete()


def state(root: Path, url: str) -> str:
    """Of our files, the versions of the libraries that bring theirs, and the migrations the database has seen:
    one that was replaced, restored or migrated by hand has another state."""
    digest = hashlib.sha256((root / "requirements.txt").read_bytes())
    # The cloud has apps, and so tables, that self-hosted has not.
    digest.update(os.environ.get("AUTOGRID_DEPLOYMENT", "").encode())
    files = [*root.glob("static/**/*"), *root.glob("*/*migrations/*.py"), *root.glob("*/settings/*.py")]
    for path in sorted(path for path in files if path.is_file()):
        digest.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    for row in _applied(url):
        digest.update(f"{row}\n".encode())
    return digest.hexdigest()


def _applied(url: str) -> list[tuple[str, str, str]]:
    with suppress(psycopg.errors.UndefinedTable), psycopg.connect(url, connect_timeout=10) as connection:
        return connection.execute(
            "SELECT app, name, applied::text FROM django_migrations ORDER BY id"
        ).fetchall()
    return []


if __name__ == "__main__":
    main()
