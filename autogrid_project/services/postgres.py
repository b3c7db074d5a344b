"""The embedded Postgres: its cluster, its settings, what a kill left behind, and whether it is ready."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from autogrid_project.services.errors import Refused
from autogrid_project.services.home import Home
from autogrid_project.services.place import Place

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
max_wal_size = 2GB
timezone = 'UTC'
log_timezone = 'UTC'
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""


class Postgres:
    name = "postgres"
    # Fast shutdown: sessions are ended, the data is written out. SIGTERM would wait until every client left.
    stop_signal = signal.SIGINT

    def __init__(self, home: Home, place: Place, *, durable: bool) -> None:
        self.user = place.user
        self.port = home.port(self.name)
        self.directory = place.directory / "postgres"
        self.argv = [str(place.postgres / "postgres"), "-D", str(self.directory)]
        self._place = place
        self._password = home.secrets()["postgres"]
        self._durable = durable

    def prepare(self) -> None:
        if not (self.directory / "autogrid.conf").exists():
            self._make_cluster()
        else:
            self._end_leftover()
        settings = SETTINGS.format(port=self.port, durable="on" if self._durable else "off")
        self._place.write_private(self.directory / "autogrid.conf", settings)

    def is_ready(self) -> bool:
        with suppress(psycopg.OperationalError):
            self._connect("postgres").close()
            return True
        return False

    def ensure_database(self, name: str) -> str:
        """The URL of the database, which is made where it is missing. Postgres must be ready."""
        with self._connect("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgres://autogrid:{self._password}@127.0.0.1:{self.port}/{name}"

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=2)

    def _make_cluster(self) -> None:
        """Runs initdb in a draft directory: a cluster that was interrupted half-made is never started."""
        shutil.rmtree(self._place.directory / "postgres.draft", ignore_errors=True)
        draft = self._place.make_directory("postgres.draft")
        password_file = self._place.directory / "postgres.password"
        self._place.write_private(password_file, self._password)
        command = [str(self._place.postgres / "initdb"), "-D", str(draft), "--username=autogrid"]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"]
        uid, gid = (self.user.pw_uid, self.user.pw_gid) if self.user else (None, None)
        made = subprocess.run(
            command, cwd="/", user=uid, group=gid, extra_groups=[] if self.user else None,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        password_file.unlink()
        if made.returncode != 0:
            raise Refused(
                f"Postgres could not make its data directory: {made.stderr.strip().splitlines()[-1]}"
            )
        with (draft / "postgresql.conf").open("a") as file:
            file.write("include 'autogrid.conf'\n")
        self._place.write_private(draft / "autogrid.conf", "")
        draft.rename(self.directory)

    def _end_leftover(self) -> None:
        """A supervisor that was killed leaves a postmaster that is ending, or only its pid file.

        Postgres itself takes a pid file for alive when any process of its user has that pid, as happens after
        a reboot: so the file goes unless that process really is a postmaster in this directory.
        """
        pid_file = self.directory / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            leftover = _postmaster(int(pid_file.read_text().splitlines()[0]), self.directory)
            if leftover:
                _end(leftover)
            pid_file.unlink(missing_ok=True)


def _postmaster(pid: int, directory: Path) -> psutil.Process | None:
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if Path(process.cwd()) == directory.resolve():
            return process
    return None


def _end(process: psutil.Process) -> None:
    for stop_signal, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 5)):
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, stop_signal)
            process.wait(patience)
            return
        time.sleep(0.1)
