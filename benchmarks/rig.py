"""What a benchmark measures: real processes on durable stores of their own, without a supervisor that starts them
again, and a simulated exchange whose prices the benchmark moves."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from autogrid_project.services import place
from autogrid_project.services.home import ROOT, Home
from autogrid_project.services.processes import bot_threads, table
from autogrid_project.services.stores import SECRETS, environment, running_stores
from benchmarks.report import cpu_seconds

OWN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", *SECRETS)
STORES = "Postgres and Valkey"
SETTINGS = "autogrid_project.settings.demo"


@dataclass
class Rig:
    home: Home
    environment: dict[str, str] = field(repr=False)
    control_port: int
    wire_port: int
    bots: int  # how many a worker may hold
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str, *argv: str, **options: Any) -> "subprocess.Popen[bytes]":
        with (self.home.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=self.environment,
                stderr=log,
                start_new_session=True,
                **{"stdout": log, **options},
            )
        self.processes[name] = process
        return process

    def python(self, module: str, *arguments: str) -> None:
        """Runs a module to its end in the environment of the rig's processes."""
        command = [sys.executable, "-m", module, *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def worker(self, name: str, *more: str) -> psutil.Process:
        """One more worker that runs bots, started as the process table says."""
        process = next(each for each in table(demo=True) if each.name == "bots")
        argv = [
            word.replace("bots@", f"{name}@") for word in process.argv(bot_threads=bot_threads(self.bots))
        ]
        return psutil.Process(self.start(name, *argv, *more).pid)

    def web(self) -> int:
        """Starts the process of pages and API, as the process table says; its port, once it answers there."""
        process, port = next(each for each in table(demo=True) if each.name == "web"), _free_port()
        daphne = self.start("web", *process.argv(bind="127.0.0.1", port=port))
        while True:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60).close()
                return port
            assert daphne.poll() is None, (self.home.logs / "web.log").read_text()
            time.sleep(0.1)

    def tell_exchange(self, word: str) -> None:
        """What the prices of the simulated exchange should do: see benchmarks/exchange.py."""
        pipe = self.processes["exchange"].stdin
        assert pipe is not None
        pipe.write(f"{word}\n".encode())
        pipe.flush()

    def control(self, path: str) -> Any:
        url = f"http://127.0.0.1:{self.control_port}/control/{path}"
        with urllib.request.urlopen(url, timeout=60) as reply:
            return json.load(reply)

    def ask(self, query: str, *values: Any) -> Any:
        """The first column of the first row."""
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            row = connection.execute(query, values).fetchone()
        return row[0] if row else None

    def used(self) -> dict[str, float]:
        """CPU seconds so far, by process, the stores as one. To be called by the process that opened the rig."""
        started = {name: psutil.Process(each.pid) for name, each in self.processes.items()}
        own = {each.pid for each in started.values()}
        stores = [each for each in psutil.Process().children() if each.pid not in own]
        seconds = {name: cpu_seconds(each) for name, each in started.items()}
        return {**seconds, STORES: sum(map(cpu_seconds, stores))}

    def warm(self) -> None:
        """Waits for the web process to have compiled the kernels of backtests, which it does after its start."""
        web = psutil.Process(self.processes["web"].pid)
        while web.children():
            time.sleep(1)

    def end(self, name: str, number: int = signal.SIGTERM, patience: float = 60) -> None:
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def rig(bots: int) -> Iterator[Rig]:
    for name in OWN:  # of the stack that `./autogrid bench` itself may run in
        os.environ.pop(name, None)
    home = Home(Path(tempfile.mkdtemp(prefix="autogrid-bench-")))
    home.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        with running_stores(home, database="demo", durable=True) as urls:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            made = _made(home, urls, bots)
            try:
                _open(made)
                yield made
            finally:
                for name in reversed(list(made.processes)):
                    made.end(name, patience=20)
    finally:
        place.forget(home)
        shutil.rmtree(home.path, ignore_errors=True)


def _made(home: Home, urls: dict[str, str], bots: int) -> Rig:
    wire, control = _free_port(), _free_port()
    env = environment(home, urls, SETTINGS)
    ca = str(home.path / "exchange" / "ca.pem")
    env["AUTOGRID_SIMULATOR"] = json.dumps({"host": "127.0.0.1", "port": wire, "ca": ca})
    env["AUTOGRID_TELEGRAM"] = "http://127.0.0.1:9"  # nobody is linked, so nobody asks there
    env["AUTOGRID_BOTS_PER_WORKER"] = str(bots)
    return Rig(home, env, control, wire, bots)


def _open(made: Rig) -> None:
    directory = made.home.path / "exchange"
    ports = ("--port", str(made.wire_port), "--control-port", str(made.control_port))
    command = (sys.executable, "-m", "benchmarks.exchange", "--home", str(directory), *ports)
    exchange = made.start("exchange", *command, stdin=subprocess.PIPE)
    made.python("django", "migrate", "--verbosity", "0")
    while True:
        with suppress(OSError):
            made.control("market")
            break
        assert exchange.poll() is None, (made.home.logs / "exchange.log").read_text()
    made.start("collector", sys.executable, "manage.py", "run_collector", "--exchange", "binance")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
