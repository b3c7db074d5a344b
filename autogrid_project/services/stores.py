"""The two stores every process needs: embedded ones of our own, or those the environment names."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autogrid_project.services import place
from autogrid_project.services.child import Child
from autogrid_project.services.home import ROOT, Home
from autogrid_project.services.postgres import Postgres
from autogrid_project.services.supervisor import Supervisor
from autogrid_project.services.valkey import Valkey

# One home may serve the demo and, another day, real use: they never share a database.
REDIS_DATABASE = {"autogrid": 0, "demo": 1, "test": 0}
SECRETS = ("DJANGO_SECRET_KEY", "CRYPTOGRAPHY_KEY", "AUTOGRID_ENCRYPTION_KEYS")  # that every process needs


@dataclass(frozen=True)
class Stores:
    children: list[Child]
    urls: dict[str, str]


def stores(home: Home, *, database: str, durable: bool = True) -> Stores:
    """Those that must be started, and DATABASE_URL and REDIS_URL for everybody else."""
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    children: list[Child] = []
    urls: dict[str, str] = {}
    if "DATABASE_URL" not in given:
        postgres = Postgres(home, place.find(home), durable=durable)
        children.append(_child(home, postgres))
        children[-1].on_ready = lambda: postgres.ensure_database(database)
        urls["DATABASE_URL"] = postgres.url(database)
    if "REDIS_URL" not in given:
        valkey = Valkey(home, place.find(home), durable=durable)
        children.append(_child(home, valkey))
        urls["REDIS_URL"] = valkey.url(REDIS_DATABASE[database])
    return Stores(children, {**urls, **given})


def _child(home: Home, service: Postgres | Valkey) -> Child:
    user = service.user
    return Child(
        name=service.name,
        argv=service.argv,
        log=home.logs / f"{service.name}.log",
        grace=60,
        environment={"PATH": os.defpath, "LC_ALL": "C"},
        uid=user.pw_uid if user else None,
        gid=user.pw_gid if user else None,
        stop_signal=service.stop_signal,
        orphan_signal=service.stop_signal,  # they write out what they have; everything else survives a kill
        prepare=service.prepare,
        is_ready=service.is_ready,
    )


def environment(home: Home, urls: dict[str, str], settings: str) -> dict[str, str]:
    """What every process of ours runs with. A variable that is set already wins over the generated secret."""
    made = home.secrets()
    defaults = {name: made[name] for name in SECRETS}
    programs = Path(sys.executable).parent
    return {
        **defaults,
        **os.environ,
        **urls,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "AUTOGRID_HOME": str(home.path),
        "DJANGO_SETTINGS_MODULE": settings,
    }


@contextmanager
def running_stores(home: Home, *, database: str, durable: bool) -> Iterator[dict[str, str]]:
    """The stores alone, for the time of one command; yields their URLs."""
    home.create()
    with home.hold():
        ours = stores(home, database=database, durable=durable)
        supervisor = Supervisor(home, ours.children, {"command": "stores"}, lambda: True)
        try:
            supervisor.start(lambda _line: None)
            yield ours.urls
        finally:
            supervisor.stop()
            (home.path / "run.json").unlink(missing_ok=True)


def run(command: list[str], env: dict[str, str]) -> int:
    """Runs a command in the foreground and waits for its cleaning up, whatever ends it.

    Ctrl-C reaches it by the terminal and is ours to ignore. A SIGTERM is sent to us alone and passed on as the
    same, because pytest tears its fixtures down after a SIGINT only.
    """
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT)),
    }
    try:
        return process.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
