"""The embedded Postgres and Valkey, really started."""

import os
import signal
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from autogrid_project.services import place
from autogrid_project.services.home import Home
from autogrid_project.services.stores import running_stores, stores
from autogrid_project.services.supervisor import Supervisor

pytestmark = pytest.mark.processes


@pytest.fixture(autouse=True)
def _own_stores(monkeypatch):
    """The suite itself runs on stores named by the environment, which would replace those tested here."""
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def running_in(home: Home) -> list[str]:
    """The arguments of each process."""
    directory = place.find(home).directory.resolve()
    found = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        cwd = process.info["cwd"]
        if cwd and Path(cwd).is_relative_to(directory):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


def test_a_restart_keeps_all_and_leaves_nothing_running(home):
    with running_stores(home, database="test", durable=True) as urls:
        with psycopg.connect(urls["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept (value int)")
            connection.execute("INSERT INTO kept VALUES (7)")
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert running_in(home)
    assert not running_in(home)
    with running_stores(home, database="test", durable=True) as again:
        assert again == urls
        with psycopg.connect(again["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


def test_neither_store_opens_without_its_password(home):
    with running_stores(home, database="test", durable=False) as urls:
        ports = home.read("ports.json")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(f"postgres://autogrid@127.0.0.1:{ports['postgres']}/test")
        with redis.Redis(port=ports["valkey"]) as anonymous, pytest.raises(redis.AuthenticationError):
            anonymous.ping()
        with redis.Redis.from_url(urls["REDIS_URL"]) as client:
            assert client.ping()


def test_no_secret_is_among_the_arguments_or_in_a_readable_file(home):
    with running_stores(home, database="test", durable=False):
        secrets = home.secrets().values()
        arguments = " ".join(running_in(home))
        assert "valkey" in arguments
        assert not [secret for secret in secrets if secret in arguments]
    for path in [path for path in home.path.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], path


def test_a_killed_postgres_recovers_even_where_its_pid_was_given_to_another(home):
    ours = stores(home, database="test")
    supervisor = Supervisor(home, ours.children, {}, lambda: True)
    supervisor.start(lambda _line: None)
    with psycopg.connect(ours.urls["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    psutil.Process(ours.children[0].pid).kill()
    supervisor.stop()
    # As after a reboot: the pid in the file is some other process's by now, here our own.
    pid_file = place.find(home).directory / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with (
        running_stores(home, database="test", durable=True) as urls,
        psycopg.connect(urls["DATABASE_URL"]) as connection,
    ):
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must run its services as somebody else")
def test_a_home_closed_to_others_keeps_its_data_elsewhere(tmp_path):
    tmp_path.chmod(0o700)
    closed = Home(tmp_path / "home")
    try:
        with running_stores(closed, database="test", durable=False) as urls:
            link = closed.path / "services"
            assert link.is_symlink()
            assert link.resolve().is_relative_to(place.ELSEWHERE)
            psycopg.connect(urls["DATABASE_URL"]).close()
    finally:
        place.forget(closed)
    assert not link.exists()


def test_given_urls_replace_the_embedded_stores(home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/else")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere/else")
    ours = stores(home, database="test")
    assert not ours.children
    assert ours.urls == {"DATABASE_URL": "postgres://somewhere/else", "REDIS_URL": "redis://somewhere/else"}
