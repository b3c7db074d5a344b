"""A process that can die or freeze at any moment: all it reads from or writes to the world passes its gates."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any

from tests.schedules.clock import VirtualLoop
from tests.schedules.wire import Plug

PROCESS: ContextVar["Process | None"] = ContextVar("process", default=None)
BEFORE, AFTER = "before the commit", "after the commit"
SEND, SENT, HEARD = "before the send", "after the send", "at the reply"


class Process:
    """Everything it started is known by its context. `fuse` counts down at each gate; at 0 the process dies."""

    def __init__(self, name: str, loop: VirtualLoop, dice: Random, on_death: Callable[[str], None]) -> None:
        self.name, self.loop, self.alive = name, loop, True
        self.fuse: int | None = None
        self.fuse_at: str | None = None  # the kind of gate it counts; None: all
        self._freeze_in: tuple[int, float] | None = None  # gates until it freezes, seconds until it goes on
        self.on_send: Callable[[int, bytes], None] = lambda pipe, piece: None
        self.gates: Counter[str] = Counter()
        self.tasks: list[asyncio.Task[Any]] = []
        self.plugs: list[HeldPlug] = []
        self.remains: Callable[[], None] = lambda: (
            None
        )  # clears away what garbage collection would complain of
        self._dice, self._on_death = dice, on_death
        self._frozen = False
        self._held: list[Callable[[], None]] = []

    # Life

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        context = copy_context()
        context.run(PROCESS.set, self)
        return self.loop.create_task(work, context=context)

    def die(self, where: str = "between two steps") -> None:
        """SIGKILL: nothing more of it reaches the world; what is on the wire already does."""
        if not self.alive:
            return
        self.alive = False
        for plug in self.plugs:
            plug.cut()
        self._held.clear()
        for task in self.tasks:
            task.cancel()
        self.remains()
        self._on_death(where)

    def freeze_at(self, gates: int, seconds: float) -> None:
        """SIGSTOP at the n-th gate from now on, SIGCONT after some seconds."""
        self._freeze_in = (gates, seconds)

    def freeze(self, seconds: float) -> None:
        self._frozen, self._freeze_in = True, None
        self.loop.call_later(seconds, self.thaw)

    def thaw(self) -> None:
        self._frozen, self._freeze_in = False, None
        held, self._held = self._held, []
        for act in held:
            self.when_awake(act)

    @property
    def awake(self) -> bool:
        return self.alive and not self._frozen

    def when_awake(self, act: Callable[[], None]) -> None:
        if not self.alive:
            return
        if self._frozen:
            self._held.append(act)
        else:
            act()

    def burn(self, where: str) -> bool:
        """A gate: whether the process lives to pass it."""
        self.gates[where] += 1
        if self.fuse is not None and self.fuse_at in (None, where):
            self.fuse -= 1
            if self.fuse <= 0:
                self.fuse = None
                self.die(where)
        if self._freeze_in is not None:
            left, seconds = self._freeze_in
            self._freeze_in = (left - 1, seconds)
            if left <= 1:
                self.freeze(seconds)
        return self.alive

    # The database, as if in a thread

    def in_thread(self, work: Callable[[], Any]) -> "asyncio.Future[Any]":
        future = self.loop.create_future()
        if not self.alive:
            future.cancel()
            return future

        def deliver(found: Any, error: Exception | None) -> None:
            if not future.done():
                future.set_exception(error) if error else future.set_result(found)

        def act() -> None:
            if not self.burn(BEFORE) or future.cancelled():
                return
            if self._frozen:
                self._held.append(go)
            else:
                go()

        def go() -> None:
            found, error = None, None
            try:
                found = work()
            except Exception as problem:  # noqa: BLE001 - as an executor does
                error = problem
            if self.burn(AFTER):
                self.loop.call_later(self.delay(), self.when_awake, lambda: deliver(found, error))

        self.loop.call_later(self.delay(), self.when_awake, act)
        return future

    def delay(self) -> float:
        """Seconds that one step of the network or of the database takes: mostly short, now and then long."""
        return (
            self._dice.uniform(0.0005, 0.003) if self._dice.random() < 0.95 else self._dice.uniform(0.01, 0.4)
        )


class HeldPlug(Plug):
    """The client's end of a pipe, in a process."""

    def __init__(self, process: Process, protocol: Any) -> None:
        super().__init__(process.loop, protocol, process.delay)
        self._process = process
        process.plugs = [plug for plug in process.plugs if not plug.is_closing()] + [self]

    def write(self, data: Any) -> None:
        piece = bytes(data)
        self._process.when_awake(lambda: self._write(piece))

    def _write(self, piece: bytes) -> None:
        if self._process.burn(SEND):
            self._process.when_awake(lambda: self._sent(piece))

    def _sent(self, piece: bytes) -> None:
        self._process.on_send(id(self), piece)
        super().write(piece)
        self._process.burn(SENT)

    def receive(self, data: bytes) -> None:
        self._process.when_awake(lambda: self._receive(data))

    def _receive(self, data: bytes) -> None:
        if self._process.burn(HEARD):
            super().receive(data)

    def lose(self) -> None:
        self._process.when_awake(super().lose)

    def cut(self) -> None:
        if not self._closing:
            self._closing = self._lost = True
            self._send(self.other.lose)


def keep_tasks(loop: asyncio.AbstractEventLoop, work: Any, context: Context | None = None) -> Any:
    """The loop's task factory: a process knows its tasks, so that they can die with it."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    process = PROCESS.get() if context is None else context.get(PROCESS)
    if process is not None:
        process.tasks = [each for each in process.tasks if not each.done()] + [task]
        if not process.alive:
            task.cancel()
    return task
