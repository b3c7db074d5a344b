"""A demo stack of its own for a benchmark: durable stores, a simulated exchange, real processes."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
OWN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DJANGO_SECRET_KEY", "AUTOGRID_ENCRYPTION_KEYS")


@dataclass
class Stack:
    home: Path
    port: int

    def process(self, name: str) -> psutil.Process:
        facts = json.loads((self.home / "run.json").read_text())
        return psutil.Process(facts["processes"][name]["pid"])

    def control(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 1}/control/{path}", timeout=60) as reply:
            return json.load(reply)

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [str(ROOT / "autogrid"), "manage", *arguments], env=self.environment, check=True, cwd=ROOT
        )

    def python(self, module: str, *arguments: str) -> None:
        """Runs a module in the environment of the stack's own processes."""
        env = self.process("bots").environ()
        subprocess.run(
            [str(ROOT / ".venv/bin/python"), "-m", module, *arguments], env=env, check=True, cwd=ROOT
        )

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in OWN}
        return {**kept, "AUTOGRID_HOME": str(self.home)}


@contextmanager
def demo(speed: float = 1.0) -> Iterator[Stack]:
    home = Path(tempfile.mkdtemp(prefix="autogrid-bench-"))
    stack = Stack(home, _free_pair())
    try:
        command = [
            str(ROOT / "autogrid"),
            "demo",
            "--detach",
            "--port",
            str(stack.port),
            "--speed",
            str(speed),
        ]
        subprocess.run(command, env=stack.environment, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        yield stack
    finally:
        subprocess.run([str(ROOT / "autogrid"), "down"], env=stack.environment, check=False, cwd=ROOT)
        shutil.rmtree(home, ignore_errors=True)


def _free_pair() -> int:
    """A port whose successor is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
