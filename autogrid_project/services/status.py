"""`./autogrid status` and `./autogrid logs`."""

import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from autogrid_project.services.errors import Refused
from autogrid_project.services.home import Home
from autogrid_project.services.launch import running_supervisor

FINE = {"up", "done"}


def status(home: Home) -> int:
    """Prints the table; 1 when anything is down, so that a script can ask."""
    facts = home.read("run.json")
    if not home.is_held() or running_supervisor(home) is None:
        print("AutoGrid is not running. Start it: ./autogrid up, or ./autogrid demo")
        return 1
    print(f"AutoGrid ({facts['command']}) is {facts['state']}: {facts.get('url', '')}\n")
    print(f"{'process':<10} {'state':<11} {'pid':>8} {'uptime':>9} {'restarts':>8} {'memory':>9}")
    for name, process in facts["processes"].items():
        print(_row(name, process))
    if problem := home.read("telegram.json").get("problem") if "telegram" in facts["processes"] else "":
        print(f"\ntelegram: {problem}")
    return (
        0 if not problem and all(process["state"] in FINE for process in facts["processes"].values()) else 1
    )


def _row(name: str, process: dict[str, Any]) -> str:
    pid = process["pid"]
    uptime = _duration(time.time() - process["started_at"]) if pid else "-"
    memory = f"{_memory(pid) / 2**20:.0f} MB" if pid else "-"
    return (
        f"{name:<10} {process['state']:<11} {pid or '-':>8} {uptime:>9} {process['restarts']:>8} {memory:>9}"
    )


def _memory(pid: int) -> int:
    """Resident bytes of a process and its children (Postgres: its sessions); what they share counts once."""
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        total = process.memory_info().rss
        for child in process.children(recursive=True):
            with suppress(psutil.Error):
                used = child.memory_info()
                total += max(0, used.rss - used.shared)
    return total


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"


def logs(home: Home, process: str | None, lines: int, *, follow: bool) -> int:
    """Prints the newest lines, then what is added until Ctrl-C."""
    files = {path.stem: path for path in sorted(home.logs.glob("*.log"))}
    if process and process not in files:
        raise Refused(f"there is no log of '{process}'; there are: {', '.join(files) or 'none yet'}.")
    chosen = {process: files[process]} if process else files
    if not chosen:
        raise Refused(f"there are no logs in {home.logs} yet.")
    width = max(map(len, chosen)) if len(chosen) > 1 else 0
    places = {name: _print_end(name, path, lines, width) for name, path in chosen.items()}
    with suppress(KeyboardInterrupt, BrokenPipeError):
        while follow:
            time.sleep(0.3)
            for name, path in chosen.items():
                places[name] = _print_new(name, path, places[name], width)
    return 0


def _print_end(name: str, path: Path, lines: int, width: int) -> int:
    with path.open(errors="replace") as file:
        for line in deque(file, lines):
            _print(name, line, width)
        return file.tell()


def _print_new(name: str, path: Path, place: int, width: int) -> int:
    if path.stat().st_size < place:  # it was cut
        place = 0
    with path.open(errors="replace") as file:
        file.seek(place)
        for line in file:
            _print(name, line, width)
        return file.tell()


def _print(name: str, line: str, width: int) -> None:
    prefix = f"{name:<{width}} | " if width else ""
    print(f"{prefix}{line.rstrip()}", flush=True)
