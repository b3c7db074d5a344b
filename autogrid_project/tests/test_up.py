"""`./autogrid up` as its user meets it."""

import os
import socket
import subprocess
import sys
import time

import psutil
import pytest

from autogrid_project.services.home import ROOT, port_is_free
from autogrid_project.services.launch import answers
from tests.stack import lend_kernels

pytestmark = pytest.mark.processes
PATIENCE = 600


@pytest.fixture
def autogrid(home):
    """Runs a command on stores of its own: those of the suite are named by variables that must not be seen."""
    lend_kernels(home.path)
    env = {
        "PATH": os.environ["PATH"],
        "AUTOGRID_HOME": str(home.path),
        "AUTOGRID_BOTS_PER_WORKER": "5",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "autogrid_project.services", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    yield run
    run("down")


@pytest.fixture
def port():
    return next(number for number in range(18_000, 19_000, 2) if port_is_free(number))


def test_up_status_and_down(autogrid, home, port):
    # Its output is a pipe: that this returns at all shows that no process inherited it.
    started = autogrid("up", "--detach", "--port", str(port))
    assert started.returncode == 0, started.stderr
    assert f"http://127.0.0.1:{port}" in started.stdout
    for _ in range(120):
        if answers(f"http://127.0.0.1:{port}/readyz"):
            break
        time.sleep(0.5)
    else:
        pytest.fail("It was never ready.")
    processes = home.read("run.json")["processes"]
    pids = [process["pid"] for process in processes.values() if process["pid"]]

    status = autogrid("status")
    assert status.returncode == 0, status.stdout
    assert all(name in status.stdout for name in ("postgres", "valkey", "web", "bots", "beat", "collector"))
    joined = autogrid("manage", "showmigrations", "--plan")
    assert (joined.returncode, "[ ]" in joined.stdout) == (0, False)
    again = autogrid("up", "--detach", "--port", str(port))
    assert (again.returncode, "already running" in again.stdout) == (0, True)
    other = autogrid("up", "--detach", "--port", str(port + 1))
    assert (other.returncode, "already running" in other.stderr) == (1, True)
    secrets = home.secrets().values()
    arguments = " ".join(" ".join(psutil.Process(pid).cmdline()) for pid in pids)
    assert not [secret for secret in secrets if secret in arguments + started.stdout + status.stdout]

    assert autogrid("down").returncode == 0
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert autogrid("down").stdout == "AutoGrid is not running.\n"
    assert autogrid("status").returncode == 1
    alone = autogrid("manage", "showmigrations", "--plan")
    assert (alone.returncode, "[ ]" in alone.stdout) == (0, False)


def test_a_taken_port_is_one_sentence(autogrid, port):
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", port))
        taker.listen()
        refused = autogrid("up", "--detach", "--port", str(port))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"autogrid: port {port} is taken by another program; choose another with --port N.\n"
    )


def test_a_log_that_does_not_exist_is_one_sentence(autogrid):
    refused = autogrid("logs", "nothing", "--no-follow")
    assert (refused.returncode, refused.stderr) == (
        1,
        "autogrid: there is no log of 'nothing'; there are: none yet.\n",
    )
