"""An engine that writes down what it is handed, what it asks for and what it is told, without doing anything else.

A line is [bot, kind, ...]. Lines of an event follow each other: first what happened, then each request with its answer,
each time that was read from the clock, and what a write to the books did. `bots.backtest.recorded` replays them.
"""

import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from django.conf import settings

from bots.core.engine import BotEngine
from bots.core.orders import Order
from bots.core.ports import ExchangeConnector, OrderStore
from bots.core.types import Fill, OrderReport, OrderStatus, Side
from bots.recording import ASKED, BOOKED, COMMANDS, WRITES
from bots.recording.pages import core_version, freeze
from bots.recording.tape import Tape
from bots.recording.values import dumps

logger = logging.getLogger(__name__)
Attempts = dict[tuple[int, int, Side], int]  # orders made so far by slot, cycle and side


def open_tape() -> Tape | None:
    """Of this process; None where the operator wants none."""
    days: int = settings.AUTOGRID_RECORDING_DAYS
    if days <= 0:
        logger.info("recording_off")
        return None
    return Tape(settings.AUTOGRID_RECORDINGS, days=days, megabytes=settings.AUTOGRID_RECORDING_MB)


def build_engine(
    tape: Tape | None, attempts: Attempts, *, exchange: ExchangeConnector, store: OrderStore, **parts: Any
) -> BotEngine:
    """Recorded, where there is a tape."""
    if tape is None:
        return BotEngine(exchange=exchange, store=store, **parts)
    recorder = Recorder(tape, parts["prefix"], attempts)
    return RecordedEngine(
        recorder,
        exchange=cast("ExchangeConnector", RecordedExchange(exchange, recorder)),
        store=cast("OrderStore", RecordedStore(store, recorder)),
        **parts,
    )


class Recorder:
    """The lines of one engine."""

    def __init__(self, tape: Tape, prefix: str, attempts: Attempts) -> None:
        self.tape, self.prefix, self.attempts = tape, prefix, attempts
        self.inside = False  # an event is under way: whatever the engine calls belongs to it
        self.writes = 0  # of the event
        self._page = 0
        self._left: dict[str, Any] = {}

    def note(self, kind: str, *values: Any) -> None:
        if self.inside:
            self._line(kind, *values)

    def _line(self, kind: str, *values: Any) -> None:
        try:
            self.tape.write(dumps([self.prefix, kind, *values]))
        except TypeError:
            logger.exception("recording_failed", extra={"bot": self.prefix})

    @contextmanager
    def event(self, engine: BotEngine, kind: str, arguments: tuple[Any, ...]) -> Iterator[None]:
        if self._page != self.tape.page:
            self.turn_page(engine, "page" if self._page else "start")
        before = outside(engine)
        changed = {name: value for name, value in before.items() if value != self._left.get(name)}
        self._line(kind, changed, *arguments)
        self.inside, self.writes = True, 0
        try:
            yield
        finally:
            self.inside = False
            self._left = outside(engine)

    def turn_page(self, engine: BotEngine, kind: str) -> None:
        """Everything the engine knows: a replay may begin here, and one that comes from before must arrive here."""
        self._page, self._left = self.tape.page, outside(engine)
        made = [[slot, cycle, side, count] for (slot, cycle, side), count in self.attempts.items()]
        try:
            state = b64encode(freeze(engine)).decode()
        except Exception:
            logger.exception("recording_failed", extra={"bot": self.prefix})
            return
        self._line(kind, core_version(), engine.now, made, state)

    def count(self, orders: list[Order]) -> None:
        """Of a slot only the current cycle matters."""
        for order in orders:
            for key in [key for key in self.attempts if key[0] == order.slot and key[1] < order.cycle]:
                del self.attempts[key]
            self.attempts[order.slot, order.cycle, order.side] = order.attempt + 1


def outside(engine: BotEngine) -> dict[str, Any]:
    """What its caller sets between two events."""
    return {
        "now": engine.now,
        "price": engine.price,
        "priced_at": engine.risk_manager.priced_at,
        "mode": engine.mode,
    }


class RecordedExchange:
    """A connector whose answers to the engine are noted. What others ask it for goes through."""

    def __init__(self, exchange: ExchangeConnector, recorder: Recorder) -> None:
        self._exchange, self._recorder = exchange, recorder

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._exchange, name)
        return partial(self._ask, name, found) if name in ASKED else found

    async def exchange_time(self) -> int:
        now = await self._exchange.exchange_time()
        self._recorder.note("time", now)
        return now

    async def _ask(self, name: str, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        note = self._recorder.note
        note("ask", name, arguments)
        if name in COMMANDS:  # on the tape before it goes out, whatever becomes of us
            self._recorder.tape.flush()
        try:
            answer = await work(*arguments)
        except BaseException as error:
            note("got", error)
            raise
        note("got", answer)
        return answer


class RecordedStore:
    """A store whose writes are counted, and noted where they fail or move the books."""

    def __init__(self, store: OrderStore, recorder: Recorder) -> None:
        self._store, self._recorder = store, recorder

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return partial(self._write, name, found) if name in WRITES else found

    async def _write(self, name: str, work: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> Any:
        recorder = self._recorder
        recorder.writes += 1
        recorder.tape.flush()
        try:
            answer = await work(*args, **more)
        except BaseException as error:
            recorder.note("lost", recorder.writes, type(error).__name__)
            raise
        if name in BOOKED:
            recorder.note("booked", answer)
        elif name == "intend":
            recorder.count(answer)
        return answer


class RecordedEngine(BotEngine):
    """Each event from outside is noted before it is handled; what one event calls of another is part of it."""

    NOT_KEPT = ("recorder",)

    def __init__(self, recorder: Recorder, **parts: Any) -> None:
        super().__init__(**parts)
        self.recorder = recorder

    async def _noted(self, work: Coroutine[Any, Any, Any], kind: str, *arguments: Any) -> Any:
        if self.recorder.inside:
            return await work
        with self.recorder.event(self, kind, arguments):
            return await work

    def _named(self, order: Order) -> Order | str:
        """By its client id, where it is as the engine knows it."""
        return order.client_id if self.execution.find(order.client_id) == order else order

    async def on_tick(self, price: Any, now: int) -> None:
        await self._noted(super().on_tick(price, now), "on_tick", price, now)

    async def on_timer(self, now: int) -> None:
        await self._noted(super().on_timer(now), "on_timer", now)

    async def on_fill(self, fill: Fill) -> None:
        await self._noted(super().on_fill(fill), "on_fill", fill)

    async def on_order(self, report: OrderReport) -> None:
        await self._noted(super().on_order(report), "on_order", report)

    async def halt(self, reason: str) -> None:
        await self._noted(super().halt(reason), "halt", reason)

    async def stop(self, action: str) -> None:
        await self._noted(super().stop(action), "stop", action)

    async def act(self, explained: bool) -> None:
        await self._noted(super().act(explained), "act", explained)

    async def ingest(self, fill: Fill) -> bool:
        return bool(await self._noted(super().ingest(fill), "ingest", fill))

    async def settle(self, order: Order, report: OrderReport, reason: str = "") -> None:
        await self._noted(super().settle(order, report, reason), "settle", self._named(order), report, reason)

    async def forget(self, order: Order, reason: str) -> None:
        await self._noted(super().forget(order, reason), "forget", self._named(order), reason)

    async def record(
        self, order: Order, status: OrderStatus, exchange_id: str = "", reason: str = ""
    ) -> None:
        work = super().record(order, status, exchange_id, reason)
        await self._noted(work, "record", self._named(order), status, exchange_id, reason)

    def ended(self) -> None:
        """The runner lets go in order: where the engine has come to."""
        self.recorder.turn_page(self, "end")
        self.recorder.tape.flush()
