"""One supervised process: starts it so that it cannot outlive us, and knows how it fares."""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from autogrid_project.services.errors import Refused

PR_SET_PDEATHSIG = 1
LOG_BYTES = 20_000_000
FIRST_DELAY, LAST_DELAY, STEADY = 0.2, 10.0, 30.0  # seconds
_libc = ctypes.CDLL(None, use_errno=True)


class State(StrEnum):
    WAITING = "waiting"  # for what it needs
    STARTING = "starting"
    UP = "up"
    RESTARTING = "restarting"
    DONE = "done"
    STOPPED = "stopped"


@dataclass
class Child:
    """`once`: runs to its end and must succeed. `orphan_signal`: what the kernel sends it when we die."""

    name: str
    argv: list[str]
    log: Path
    needs: tuple[str, ...] = ()
    once: bool = False
    grace: float = 10
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    uid: int | None = None
    gid: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    prepare: Callable[[], object] = lambda: None
    is_ready: Callable[[], bool] = lambda: True
    on_ready: Callable[[], object] = lambda: None

    state: State = State.WAITING
    restarts: int = 0
    started_at: float = 0
    due_at: float = 0  # of the next restart
    kill_at: float = 0  # set once it was asked to stop
    exit_code: int | None = None
    _delay: float = FIRST_DELAY
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.exit_code is None else None

    @property
    def is_fine(self) -> bool:
        return self.state in {State.UP, State.DONE}

    def start(self) -> None:
        self.prepare()
        supervisor = os.getpid()

        def die_with_supervisor() -> None:
            # Runs in the child after its user was changed, which would have cleared the setting. The kernel
            # watches the thread that forks: hence the supervisor starts everything from its main thread.
            _libc.prctl(PR_SET_PDEATHSIG, int(self.orphan_signal))
            if os.getppid() != supervisor:
                os._exit(1)

        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    self.argv, cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                    user=self.uid, group=self.gid, extra_groups=None if self.uid is None else [],
                    preexec_fn=die_with_supervisor,  # noqa: PLW1509 - we have one thread
                )  # fmt: skip
            except OSError as error:
                raise Refused(f"{self.name} cannot be started: {error}") from None
        self.state, self.started_at, self.exit_code = State.STARTING, time.time(), None

    def check(self) -> None:
        """Looks whether it ended, became ready, or is due for a restart."""
        self._reap()
        if self.state is State.STARTING and not self.once and self.is_ready():
            self.on_ready()
            self.state = State.UP
        if self.state is State.RESTARTING and time.monotonic() >= self.due_at:
            self.restarts += 1
            try:
                self.start()
            except Refused:
                self._plan_restart()

    def stop(self) -> None:
        """Asks it to end; asked again after its time is up, it is killed with all its offspring."""
        self._reap()
        if self.pid is None:
            self.state = State.DONE if self.state is State.DONE else State.STOPPED
        elif not self.kill_at:
            self.kill_at = time.monotonic() + self.grace
            os.kill(self.pid, self.stop_signal)
        elif time.monotonic() >= self.kill_at:
            self._kill_group()

    def cut_log(self) -> None:
        """Keeps the log under its cap. The child appends to the open file, so it is copied and emptied,
        not moved; a line written between the two is lost."""
        with suppress(OSError):
            if self.log.stat().st_size > LOG_BYTES:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)

    def _reap(self) -> None:
        if self._process is None or self.exit_code is not None:
            return
        self.exit_code = self._process.poll()
        if self.exit_code is None:
            return
        self._kill_group()
        if self.kill_at:
            self.state = State.STOPPED
        elif self.once and self.exit_code == 0:
            self.state = State.DONE
        elif self.once:
            raise Refused(f"{self.name} failed; {self.log} says why: {last_line(self.log)}")
        else:
            self._plan_restart()

    def _plan_restart(self) -> None:
        if time.time() - self.started_at > STEADY:
            self._delay = FIRST_DELAY
        self.due_at = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, LAST_DELAY)
        self.state = State.RESTARTING

    def _kill_group(self) -> None:
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def last_line(log: Path) -> str:
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4000))
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip()[:300] if lines else ""
    return ""
