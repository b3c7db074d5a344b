"""Live = backtest: the recorded inbox of a live bot, handed to the same engine once more.

The engine is put together from what it knew when its recording began. It is handed each event as it was then, and its
exchange answers what it answered; every request, of orders and cancels before all, must be the recorded one, every
booking must come to the same figures, and in the end the engine must know what it knew then.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from bots.backtest.recorded_ports import (
    Cut,
    Difference,
    RecordedBooks,
    RecordedExchange,
    RecordedStore,
    Script,
)
from bots.core.engine import BotEngine
from bots.core.orders import Order
from bots.core.ports import ExchangeError, LeaseLost
from bots.core.types import Fill, OrderReport, OrderStatus
from bots.recording.pages import thaw
from bots.recording.reader import Event, Page
from bots.recording.values import Interrupted, value_of

EVENTS: dict[str, tuple[Any, ...]] = {
    "on_tick": (Decimal, int),
    "on_timer": (int,),
    "on_fill": (Fill,),
    "on_order": (OrderReport,),
    "halt": (str,),
    "stop": (str,),
    "act": (bool,),
    "ingest": (Fill,),
    "settle": (Order, OrderReport, str),
    "forget": (Order, str),
    "record": (Order, OrderStatus, str, str),
}


@dataclass(frozen=True, slots=True)
class Found:
    """Of one page. `difference` names the first one, with the event it came in; `cut` says that the recording stops
    without an end: what came after it is not known."""

    events: int
    commands: int
    cut: bool = False
    difference: str = ""
    at: int = 0


def replay_page(page: Page, bot_id: UUID) -> Found:
    """Raises bots.recording.pages.Unreadable where the page's state is of another version of the core."""
    return asyncio.run(Recorded(page, bot_id).run())


class Recorded:
    def __init__(self, page: Page, bot_id: UUID) -> None:
        self.page = page
        self.script = Script()
        self.store = RecordedStore(self.script)
        self.engine = thaw(page.state, exchange=RecordedExchange(self.script), store=self.store)
        self.store.books = RecordedBooks(self.script, self.engine, bot_id, page.attempts)

    async def run(self) -> Found:
        events = self.page.events
        for number, event in enumerate(events):
            try:
                await self._event(event, is_last=self.page.end is None and event is events[-1])
            except Cut:
                return Found(number, self.script.commands, cut=True)
            except Difference as difference:
                return self._differs(number, f"{difference}{self._reasons()}")
        if self.page.end is None:
            return Found(len(events), self.script.commands, cut=True)
        wrong = differences(self.engine, thaw(self.page.end, exchange=None, store=None))
        if wrong:
            return self._differs(len(events), f"in the end {wrong}")
        return Found(len(events), self.script.commands)

    def _differs(self, number: int, text: str) -> Found:
        event = self.page.events[number] if number < len(self.page.events) else None
        told = f"{event.kind} {event.arguments}: {text}" if event else text
        return Found(number, self.script.commands, difference=told, at=self.engine.now)

    def _reasons(self) -> str:
        waiting = {slot: why for slot, why in self.store.books.reasons.items() if why}
        return f"; slots without an order: {waiting}" if waiting else ""

    async def _event(self, event: Event, is_last: bool) -> None:
        self._set(event.changed)
        self.script.begin(event, is_last)
        kinds = EVENTS[event.kind]
        arguments = [self._value(kind, raw) for kind, raw in zip(kinds, event.arguments, strict=True)]
        with suppress(ExchangeError, LeaseLost, Interrupted):  # as it did then: what raised it was recorded
            await getattr(self.engine, event.kind)(*arguments)
        if self.script.notes:
            raise Difference(self.script.left(), "nothing")

    def _set(self, changed: dict[str, Any]) -> None:
        engine = self.engine
        engine.now = changed.get("now", engine.now)
        engine.mode = changed.get("mode", engine.mode)
        if "price" in changed:
            engine.price = value_of(Decimal | None, changed["price"])
        if "priced_at" in changed:
            engine.risk_manager.priced_at = changed["priced_at"]

    def _value(self, kind: Any, raw: Any) -> Any:
        if kind is Order and isinstance(raw, str):
            order = self.engine.execution.find(raw)
            if order is None:
                raise Difference(f"{raw} is live", "it is not")
            return order
        return value_of(kind, raw)


def differences(engine: BotEngine, other: BotEngine) -> str:
    """What the two know differently; "" where nothing."""
    pairs: Iterable[tuple[str, Any, Any]] = zip(*_known(engine), *_known(other)[1:], strict=True)
    return "; ".join(
        f"{name} is {mine}, recorded was {theirs}" for name, mine, theirs in pairs if mine != theirs
    )


def _known(engine: BotEngine) -> tuple[list[str], list[Any]]:
    state = engine.strategy.state
    known = {
        "the position": engine.position_manager.position,
        "the list of live orders": {slot: replace(order, id="") for slot, order in engine.live.items()},
        "the state of the slots": state.slots,
        "the memory of the run": state.memory,
        "its mode": (engine.mode, engine.stop_action, engine.done),
        "its next moment": engine.wake_at,
    }
    return list(known), list(known.values())
