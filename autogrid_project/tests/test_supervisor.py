"""The supervisor, with shell scripts for processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from autogrid_project.services.child import Child, State
from autogrid_project.services.errors import Refused
from autogrid_project.services.home import ROOT, Home
from autogrid_project.services.supervisor import Supervisor

pytestmark = pytest.mark.processes
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _signal_handlers() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def child(home: Home, name: str, script: str, **options: Any) -> Child:
    environment = {"PATH": os.environ["PATH"]}
    log = home.logs / f"{name}.log"
    return Child(name, ["sh", "-c", script], log, environment=environment, **options)


def supervised(home: Home, *children: Child) -> Supervisor:
    return Supervisor(home, list(children), {"command": "test"}, lambda: True)


def until(met: Callable[[], object], supervisor: Supervisor | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, "it did not happen"
        if supervisor:
            supervisor._step()
        time.sleep(0.02)


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_starts_in_the_order_of_needs_and_stops_in_reverse(home):
    order = home.path / "order"
    trap = (
        f"trap 'echo {{0}} ends >> {order}; exit' TERM; echo {{0}} >> {order}; while :; do sleep 0.05; done"
    )
    supervisor = supervised(
        home,
        child(home, "web", trap.format("web"), needs=("migrate",), grace=PATIENCE),
        child(home, "migrate", f"sleep 0.2; echo migrate >> {order}", needs=("store",), once=True),
        child(
            home,
            "store",
            trap.format("store"),
            grace=PATIENCE,
            is_ready=lambda: order.exists() and "store" in order.read_text(),
        ),
    )
    supervisor.start(lambda _line: None)
    until(lambda: "web" in order.read_text())
    assert home.read("run.json")["state"] == "up"
    supervisor.stop()
    assert order.read_text().split("\n") == ["store", "migrate", "web", "web ends", "store ends", ""]
    assert {process.state for process in supervisor.children} == {State.STOPPED, State.DONE}


def test_a_process_that_dies_is_restarted_and_counted(home):
    supervisor = supervised(home, child(home, "bots", "exec sleep 600"))
    supervisor.start(lambda _line: None)
    (bots,) = supervisor.children
    first = bots.pid
    psutil.Process(first).kill()
    until(lambda: bots.restarts == 1 and bots.state is State.UP, supervisor)
    assert bots.pid not in {None, first}
    assert home.read("run.json")["processes"]["bots"]["restarts"] == 1
    supervisor.stop()


def test_the_pause_before_a_restart_grows_to_ten_seconds(home, monkeypatch):
    standing = SimpleNamespace(monotonic=lambda: 0.0, time=lambda: 0.0)
    monkeypatch.setattr("autogrid_project.services.child.time", standing)
    process = child(home, "bots", "exit 1")
    pauses = []
    for _ in range(8):
        process.start()
        while process.state is not State.RESTARTING:
            process.check()
        pauses.append(process.due_at)
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_what_fails_once_stops_the_start_with_its_last_words(home):
    supervisor = supervised(home, child(home, "migrate", "echo no such table; exit 3", once=True))
    with pytest.raises(Refused, match=r"migrate failed.*no such table"):
        supervisor.start(lambda _line: None)


def test_what_never_stays_up_stops_the_start(home):
    supervisor = supervised(home, child(home, "web", "echo broken; exit 1", is_ready=lambda: False))
    with pytest.raises(Refused, match="web: broken"):
        supervisor.start(lambda _line: None)
    supervisor.stop()


def test_a_program_that_does_not_exist_is_one_sentence(home):
    missing = Child("web", ["no-such-program"], home.logs / "web.log", environment={"PATH": "/bin"})
    with pytest.raises(Refused, match="web cannot be started"):
        supervised(home, missing).start(lambda _line: None)


def test_who_ignores_the_request_to_end_is_killed_with_its_offspring(home):
    script = "trap '' TERM; sleep 600 & echo $!; while :; do sleep 0.05; done"
    supervisor = supervised(home, child(home, "bots", script, grace=0.3))
    supervisor.start(lambda _line: None)
    log = home.logs / "bots.log"
    until(lambda: log.read_text().strip())
    offspring = psutil.Process(int(log.read_text()))
    supervisor.stop()
    until(lambda: has_ended(offspring))


def test_a_killed_supervisor_leaves_no_orphan(home):
    program = f"""
import pathlib, time
from autogrid_project.services.child import Child
child = Child("bots", ["sleep", "600"], pathlib.Path({str(home.logs)!r}) / "bots.log", environment={{"PATH": "/bin"}})
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout
        orphan = psutil.Process(int(supervisor.stdout.readline()))
        assert orphan.is_running()
        supervisor.kill()
    until(lambda: has_ended(orphan))


def test_a_log_is_cut_and_its_end_kept(home, monkeypatch):
    monkeypatch.setattr("autogrid_project.services.child.LOG_BYTES", 100)
    process = child(home, "web", "yes | head -c 150; exec sleep 600")
    process.start()
    until(lambda: process.log.stat().st_size == 150)
    process.cut_log()
    assert process.log.stat().st_size == 0
    assert process.log.with_suffix(".log.1").stat().st_size == 150
    supervised(home, process).stop()
