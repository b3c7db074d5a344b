"""One whole AutoGrid demo for the tests of this directory, started and ended by the real script."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from django.conf import settings
from psycopg.rows import dict_row

from autogrid_project.services import place
from autogrid_project.services.home import Home
from tests.trader import Key, Trader

ROOT = Path(__file__).resolve().parents[1]
# The stack brings its own; the suite's stores, settings and measuring are not its business.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "DJANGO_", "AUTOGRID_", "PYTEST_", "COV")
PASSWORD = "correct horse battery"

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float, what: str) -> T:
    """The first true answer of `look`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)


def eventually(check: Callable[[], None], seconds: float) -> None:
    """Until `check` holds: the market moves while it reads one side after the other."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.3)


@dataclass(frozen=True)
class Stack:
    home: Path
    url: str
    control_url: str
    environment: dict[str, str] = field(repr=False)
    traders: list[Trader] = field(default_factory=list, repr=False)

    def script(self, *words: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
        command = [str(ROOT / "autogrid"), *words]
        # Into a file, not a pipe: nothing that stays behind may hold the reader.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                command, env=self.environment, stdout=output, stderr=subprocess.STDOUT,
                timeout=timeout, check=False,
            )  # fmt: skip
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read())

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Straight from the database."""
        home = Home(self.home)
        url = f"postgres://autogrid:{home.secrets()['postgres']}@127.0.0.1:{home.read('ports.json')['postgres']}/demo"
        with psycopg.connect(url, row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()

    # --- people ---

    def register(self, name: str) -> Trader:
        """A new user of the API."""
        email = f"{name}@example.org"
        trader = Trader.register(f"{self.url}/api/v1", email, PASSWORD)
        self.traders.append(trader)
        return trader

    def demo_trader(self) -> Trader:
        login = json.loads((self.home / "demo.json").read_text())
        trader = Trader.login(f"{self.url}/api/v1", login["email"], login["password"])
        (credential,) = trader.all("credentials")
        begin, end = credential["api_key_hint"].split("…")
        keys = [row["api_key"] for row in self.control("accounts")]
        (api_key,) = [key for key in keys if key.startswith(begin) and key.endswith(end)]
        trader.keys[credential["id"]] = Key(api_key, "")
        return trader

    # --- processes ---

    def process(self, name: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.home / "run.json").read_text())["processes"][name]
        return facts

    def kill(self, name: str) -> int:
        """`kill -9`; answers the pid that is gone."""
        pid: int = self.process(name)["pid"]
        os.kill(pid, signal.SIGKILL)
        return pid

    def successor(self, name: str, killed: int, seconds: float = 180) -> int:
        """The process that the supervisor started in place of the killed one."""

        def other() -> int | None:
            pid: int | None = self.process(name)["pid"]
            return pid if pid != killed else None

        return until(other, seconds, f"another {name} process") or 0

    # --- the simulated exchange's own view ---

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.control_url}/control/{path}", data)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def move(self, symbol: str, price: Decimal) -> None:
        """Trades the market to this price, through every order on the way."""
        self.control("price", {"symbol": symbol.replace("/", ""), "price": str(price)})


def two_free_ports() -> int:
    """The first of two neighbours: the pages and the control page. Below those that the system gives to whoever
    connects: until the stack listens, seconds later, nobody else comes upon them."""
    while True:
        port = random.randrange(12_000, 32_000)
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def lend_kernels(home: Path) -> None:
    """The suite's compiled kernels: compiling them anew takes each stack 16 s of a processor."""
    kernels = Path(settings.HOME, "numba")
    kernels.mkdir(parents=True, exist_ok=True)
    (home / "numba").symlink_to(kernels)


@contextmanager
def running_stack(*options: str) -> Iterator[Stack]:
    """`options` are those of `./autogrid demo`."""
    home = Path(tempfile.mkdtemp(prefix="autogrid-stack-"))
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    lend_kernels(home)
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    port = two_free_ports()
    stack = Stack(
        home,
        f"http://127.0.0.1:{port}",
        f"http://127.0.0.1:{port + 1}",
        own | {"AUTOGRID_HOME": str(home)},
    )
    try:
        started = stack.script("demo", "--detach", "--port", str(port), *options)
        assert started.returncode == 0, started.stdout
        yield stack
    finally:
        ended = stack.script("down")
        place.forget(Home(home))
        shutil.rmtree(home, ignore_errors=True)
        assert ended.returncode == 0, ended.stdout


@pytest.fixture(scope="package")  # of tests: it ends before the tests of the apps begin
def stack() -> Iterator[Stack]:
    with running_stack() as stack:
        yield stack
