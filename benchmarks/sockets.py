"""Many open pages on one web process: from a bots worker's look at a price to the push of PnL at the WebSocket."""

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

import psutil

from benchmarks.report import show
from benchmarks.rig import Rig, rig
from benchmarks.sockets_load import MANY

SEVERAL = 50  # sockets of the first user, as many as one may have
SETTLE = 10  # s


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench sockets")
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--bots", type=int, default=2, help="of each user; the first has ten times as many")
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args(arguments)
    users = chosen.sockets - SEVERAL + 1
    with rig(chosen.bots * users) as made:
        made.tell_exchange("move 1")
        made.python("benchmarks.sockets_load", str(users), str(chosen.bots))
        port = made.web()
        show("sockets", measure(made, port, chosen))


class Pages:
    """The process that holds the sockets."""

    def __init__(self, made: Rig, port: int, wanted: list[dict[str, str]]) -> None:
        listeners = made.home.path / "pages.json"
        listeners.write_text(json.dumps(wanted))
        self._process = made.start(
            *("pages", sys.executable, "-m", "benchmarks.sockets_pages", str(port), str(listeners)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "The pages ended: see logs/pages.log."
        return dict(json.loads(line))

    def heard(self) -> dict[str, Any]:
        """Since the last time, in seconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return self.answer()


def measure(made: Rig, port: int, chosen: argparse.Namespace) -> dict[str, Any]:
    listeners = json.loads((made.home.path / "listeners.json").read_text())
    wanted = [listeners[0]] * SEVERAL + listeners[1:]
    web = psutil.Process(made.processes["web"].pid)
    made.warm()
    empty = web.memory_info().rss
    pages = Pages(made, port, wanted)
    opened = pages.answer()
    return {
        "sockets": len(wanted),
        "users": len(listeners),
        "seconds until all had their snapshot": opened["opened"],
        "handshakes that were tried again": opened["again"],
        **_pushes(made, pages, chosen),
        "MB in all (web)": web.memory_info().rss / 2**20,
        "kB per socket": (web.memory_info().rss - empty) / 2**10 / len(wanted),
    }


def _pushes(made: Rig, pages: Pages, chosen: argparse.Namespace) -> dict[str, Any]:
    time.sleep(SETTLE)
    idle = shares(made, SETTLE)["web"]
    made.start("feed", sys.executable, "-m", "benchmarks.sockets_worker")
    while not pages.heard()["pushes"]:
        time.sleep(0.5)
    time.sleep(SETTLE)
    pages.heard()
    began = time.monotonic()
    used = shares(made, chosen.seconds)
    heard = pages.heard()
    elapsed = time.monotonic() - began
    users = chosen.sockets - SEVERAL
    return {
        "% CPU, prices alone": idle,
        "load average then": os.getloadavg()[0],
        "pushes a second": heard["pushes"] / elapsed,
        "of so many wanted": chosen.bots * (users + MANY * SEVERAL),
        "prices a second": heard["kinds"].get("price", 0) / elapsed,
        "ms from the look to the push, median": heard["median"] * 1000,
        "ms, p99": heard["p99"] * 1000,
        "ms, worst": heard["worst"] * 1000,
        "gaps": heard["gaps"],
        "snapshots asked for again": heard["kinds"].get("snapshot", 0),
        "sockets closed": heard["kinds"].get("closed", 0),
        **{f"% CPU ({name})": share for name, share in used.items()},
        "us of the web process per message": used["web"]
        * 1e4
        * elapsed
        / max(1, sum(heard["kinds"].values())),
    }


def shares(made: Rig, seconds: float) -> dict[str, float]:
    """Of a core (%), in the next seconds, by process."""
    before, began = made.used(), time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    return {name: (used - before[name]) / elapsed * 100 for name, used in made.used().items()}
