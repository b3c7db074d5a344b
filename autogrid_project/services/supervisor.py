"""Keeps a set of processes running: starts in the order of their needs, restarts, stops in reverse."""

import os
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import psutil

from autogrid_project.services.child import Child, State, last_line
from autogrid_project.services.errors import Refused
from autogrid_project.services.home import Home

TICK = 0.05
START_DEADLINE = 180.0
TRIES = 5  # a process that dies this often while starting will not come up


class Supervisor:
    """Runs in the main thread of one process (see Child.start) and polls: nine processes cost it nothing."""

    def __init__(
        self, home: Home, children: list[Child], facts: dict[str, Any], is_complete: Callable[[], bool]
    ) -> None:
        self.children = children
        self.stopping = False
        self._home = home
        self._by_name = {child.name: child for child in children}
        self._facts = facts
        self._is_complete = is_complete
        self._published: object = None

    def start(self, say: Callable[[str], None]) -> None:
        """Returns once everything is up; raises Refused with the reason when it does not come up."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        deadline = time.monotonic() + START_DEADLINE
        told: set[str] = set()
        while not self.stopping:
            self._step()
            for child in self.children:
                if child.is_fine and child.name not in told:
                    told.add(child.name)
                    say(f"  {child.name} {'done' if child.once else 'up'}")
            if len(told) == len(self.children) and self._is_complete():
                self._publish("up")
                return
            if time.monotonic() > deadline or any(child.restarts >= TRIES for child in self.children):
                raise Refused(self._why_late())
            time.sleep(TICK)

    def watch(self) -> None:
        """Until somebody asks to stop."""
        while not self.stopping:
            self._step()
            time.sleep(TICK * 4)

    def stop(self) -> None:
        """What others need is stopped after them."""
        self._publish("stopping")
        while any(child.pid for child in self.children):
            needed = {name for child in self.children if child.pid for name in self._all_needs(child)}
            for child in self.children:
                if child.name not in needed:
                    child.stop()
            time.sleep(TICK)

    def _step(self) -> None:
        for child in self.children:
            if child.state is State.WAITING and self._has_needs(child):
                child.start()
            child.check()
            child.cut_log()
        self._publish(None)

    def _has_needs(self, child: Child) -> bool:
        return all(self._by_name[name].is_fine for name in child.needs if name in self._by_name)

    def _all_needs(self, child: Child) -> set[str]:
        direct = {name for name in child.needs if name in self._by_name}
        return direct.union(*(self._all_needs(self._by_name[name]) for name in direct))

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _publish(self, state: str | None) -> None:
        """Writes run.json for `status`, `down` and the waiting launcher, whenever something changed."""
        if state:
            self._facts["state"] = state
        processes = {
            child.name: {
                "state": child.state,
                "pid": child.pid,
                "started_at": child.started_at,
                "restarts": child.restarts,
            }
            for child in self.children
        }
        current = (self._facts.get("state"), processes)
        if current != self._published:
            self._published = current
            me = psutil.Process(os.getpid())
            self._home.write(
                "run.json",
                {**self._facts, "pid": me.pid, "created": me.create_time(), "processes": processes},
            )

    def _why_late(self) -> str:
        late = [child for child in self.children if not child.is_fine or child.restarts]
        if not late:
            return f"no prices arrived within {START_DEADLINE:.0f} s; see {self._home.logs}."
        reasons = "; ".join(f"{child.name}: {last_line(child.log) or child.state}" for child in late[:3])
        return f"not everything came up ({reasons}); see {self._home.logs}."
