"""Before the other processes start: the database's tables and the pages' static files."""

import hashlib
import os
from pathlib import Path

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.production")
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    collect_static()


def collect_static() -> None:
    """Hashing and compressing every file takes seconds: skipped where nothing changed since."""
    from django.conf import settings

    root = Path(settings.STATIC_ROOT)
    mark = root / ".collected"
    now = _fingerprint(settings.STATICFILES_DIRS, settings.BASE_DIR / "requirements.txt")
    if not mark.exists() or mark.read_text() != now:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        mark.write_text(now)


def _fingerprint(directories: list[Path], requirements: Path) -> str:
    """Of our own files and of the versions of the libraries that bring theirs."""
    digest = hashlib.sha256(requirements.read_bytes())
    for path in sorted(
        path for directory in directories for path in Path(directory).rglob("*") if path.is_file()
    ):
        digest.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
